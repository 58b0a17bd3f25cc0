"""Samples wait for each other only where nobody needs their alerts at once, and nothing else changes."""

from __future__ import annotations

import threading

import keras
import numpy as np
import pytest

import tb_inputdiag
from tb_inputdiag import InputDiagnostics
from tb_inputdiag.capture.twin import Reading
from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.recording.waiting import Arrival, WaitingSamples
from tb_inputdiag.records import Alert, Sample
from tb_inputdiag.settings import check

NAN = float("nan")


def arrival(step: int, came: float) -> Arrival:
    reading = Reading([], lambda: np.zeros(0, np.float32), 0.0)
    return Arrival("train", step, 1, reading, 0, NAN, NAN, False, False, wall_time=0.0, came=came)


@pytest.fixture
def waiting(tmp_path):
    """Returns a queue for some settings, and the list of steps that were judged."""

    def make(**settings):
        judged: list[int] = []
        arguments = {"every": 1, "on_alert": None, "stop_on": None, **settings}
        every = arguments.pop("every")
        found = check(
            str(tmp_path), every, 0.01, None, images=0, save_bad_batches=False, verbose=0, baseline=None, **arguments
        )
        return WaitingSamples(found, lambda arrivals: judged.extend(a.step for a in arrivals)), judged

    return make


def feed(queue: WaitingSamples, times: list[float]) -> None:
    for step, came in enumerate(times):
        queue.add(arrival(step, came), urgent=False)


def test_samples_of_50_ms_are_judged_together_in_their_order(waiting):
    queue, judged = waiting()
    queue.add(arrival(0, 1.0), urgent=True)
    seen = []
    for step in range(1, 14):
        queue.add(arrival(step, 1.0 + 0.01 * step), urgent=False)
        seen.append(len(judged))
    # the sample that would be followed after 50 ms by the next one is the last of its group
    assert seen == [1, 1, 1, 1, 6, 6, 6, 6, 6, 11, 11, 11, 11]
    queue.judge()
    assert judged == list(range(14))


def test_an_urgent_sample_takes_the_earlier_ones_along(waiting):
    queue, judged = waiting()
    queue.add(arrival(0, 1.0), urgent=True)
    queue.add(arrival(1, 1.002), urgent=False)
    queue.add(arrival(2, 1.004), urgent=True)
    assert judged == [0, 1, 2]


def test_samples_of_long_steps_do_not_wait(waiting):
    queue, judged = waiting()
    feed(queue, [0.0, 0.2, 0.4])
    assert judged == [0, 1, 2]


@pytest.mark.parametrize("settings", [{"every": "auto"}, {"every": 2}, {"stop_on": "ERROR"}, {"on_alert": print}])
def test_no_sample_waits_where_its_alert_is_needed_at_once(waiting, settings):
    queue, judged = waiting(**settings)
    feed(queue, [1.0, 1.001])
    assert judged == [0, 1]


def test_only_the_thread_that_trains_judges_until_it_ends(waiting):
    queue, judged = waiting()
    queue.add(arrival(0, 1.0), urgent=True)
    queue.add(arrival(1, 1.001), urgent=False)
    other = threading.Thread(target=queue.judge)
    other.start()
    other.join()
    assert judged == [0]
    other = threading.Thread(target=queue.judge, kwargs={"ended": True})
    other.start()
    other.join()
    assert judged == [0, 1]


def test_the_time_of_a_group_is_shared_equally(waiting, monkeypatch):
    queue, _ = waiting()
    queue.add(arrival(0, 1.0), urgent=True)
    feed(queue, [1.001, 1.002, 1.003])
    spent_s = queue.spent_s
    clock = iter([10.0, 10.6])
    monkeypatch.setattr("tb_inputdiag.recording.waiting.time.perf_counter", lambda: next(clock))
    queue.judge()
    assert queue.each_s == pytest.approx(0.2)
    assert queue.spent_s - spent_s == pytest.approx(0.6)


class Watching(keras.callbacks.Callback):
    """Asks for the alerts after each step, as a user's callback may."""

    def __init__(self, ours: InputDiagnostics) -> None:
        super().__init__()
        self.ours = ours
        self.last_steps: list[int] = []

    def on_train_batch_end(self, batch, logs=None):
        self.last_steps.append(max((alert.last_step for alert in self.ours.alerts), default=-1))


def train(log_dir, *others, **settings):
    """Trains on pixels that nobody scaled; returns the callback and its records, without what depends on the clock."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (96, 12)).astype("float32")
    y = rng.integers(0, 3, 96)
    model = keras.Sequential(
        [keras.Input((12,)), keras.layers.Dense(8, "relu", name="a"), keras.layers.Dense(3, "softmax", name="b")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    callback = InputDiagnostics(log_dir, every=1, verbose=0, **settings)
    callbacks = [callback, *(other(callback) for other in others)]
    model.fit(x, y, batch_size=8, epochs=3, validation_data=(x, y), verbose=0, callbacks=callbacks)
    return callback, callbacks[1:], list(tb_inputdiag.read(log_dir).run.session.records())


def outline(records) -> list[tuple[str, object]]:
    """What does not depend on the clock: kind and step, and of alerts all that they say."""
    return [
        (type(record).__name__, (record.rule, record.subject, record.count, record.message))
        if isinstance(record, Alert)
        else (type(record).__name__, getattr(record, "split", None))
        for record in records
    ]


def test_the_log_is_the_same_as_without_waiting(tmp_path):
    _, _, patient = train(tmp_path / "patient")
    _, _, prompt = train(tmp_path / "prompt", on_alert=lambda alert: None)
    assert outline(patient) == outline(prompt)
    steps = [record.step for record in patient if isinstance(record, Sample) and record.split == "train"]
    assert steps == list(range(36))
    assert any(isinstance(record, Alert) for record in patient)


def test_whoever_asks_for_alerts_gets_those_of_all_steps(tmp_path):
    _, (watching,), _ = train(tmp_path, Watching)
    # the raw pixels are found in every step: the alert is as new as the step
    assert watching.last_steps[5:] == list(range(5, 36))


def test_a_failure_while_samples_wait_is_reported_once(tmp_path, monkeypatch, recwarn):
    from tb_inputdiag.capture import assemble

    real, seen = assemble.sample, []

    def sample(*arguments, **numbers):
        seen.append(numbers["step_number"])
        if len(seen) > 4:
            raise ValueError("broken")
        return real(*arguments, **numbers)

    monkeypatch.setattr(assemble, "sample", sample)
    _, _, records = train(tmp_path)
    warned = [str(warning.message) for warning in recwarn if warning.category is InputDiagWarning]
    assert len(warned) == 1
    assert "ValueError: broken" in warned[0]
    assert len([record for record in records if isinstance(record, Sample)]) == 4
