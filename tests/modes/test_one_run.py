"""Calls that follow each other with the same callback and model are one run: one file, one alert, no gap."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.capture.twin import Twin
from tb_inputdiag.log.reader import read
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.records import CallStart, EpochEnd, Losses, SessionEnd
from tests.modes.harness import attributes, fresh, records_of
from tests.modes.models import BATCH, STEPS, N, fit_table, regressor, table
from tests.modes.rows import BACKENDS, mode
from tests.open_files import open_files

GROUP = "Several calls"


def silent(log_dir: Any, **settings: Any) -> InputDiagnostics:
    return InputDiagnostics(str(log_dir), **{"every": 2, "verbose": 0, **settings})


def only_session(log_dir: Any) -> StoredSession:
    (session,) = read(log_dir).run.sessions
    assert session.problems == []
    return session


def files(log_dir: Path) -> int:
    return len([path for path in log_dir.rglob("*.inputdiag") if path.is_file()])


@mode(GROUP, "A loop of `fit`: one file, whose steps, epochs and losses go on; each alert opens once", on=BACKENDS)
def test_a_loop_of_fits(tmp_path: Path) -> None:
    fresh()
    model, reported = regressor(), []
    callback = silent(tmp_path, on_alert=reported.append)
    data = table()
    x = data["input:x"] * 500
    for _ in range(6):
        model.fit(x, data["target:y"], batch_size=BATCH, epochs=2, verbose=0, callbacks=[callback])
        session = only_session(tmp_path)
        assert session.status == "finished"
        assert session.completeness.complete
    assert files(tmp_path) == 1
    assert [(c.number, c.step, c.epoch) for c in session.calls] == [(k, 2 * STEPS * k, 2 * k) for k in range(1, 6)]
    assert session.n_fits == 6
    assert [e.epoch for e in session.epochs] == list(range(12))
    losses = np.concatenate([r.step for r in session.records() if isinstance(r, Losses)])
    assert losses.tolist() == list(range(12 * STEPS))
    assert "unnormalized-input" in [alert.rule for alert in reported]
    assert len({(alert.rule, alert.subject, alert.split) for alert in reported}) == len(reported)


def test_the_step_is_traced_once_for_all_fits(tmp_path: Path) -> None:
    fresh()

    class Counting(keras.Sequential):
        traced = 0

        def train_step(self, data: Any) -> Any:
            type(self).traced += 1
            return super().train_step(data)

    x, y = np.zeros((32, 4), np.float32), np.zeros((32, 1), np.float32)
    model = Counting([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    callback = silent(tmp_path, every=1)
    for _ in range(3):
        model.fit(x, y, epochs=1, verbose=0, callbacks=[callback])
    assert Counting.traced == 1


@mode(GROUP, "`compile` between two fits: the run goes on, with the new facts", on=BACKENDS)
def test_compiled_anew(tmp_path: Path) -> None:
    fresh()
    model, callback = regressor(), silent(tmp_path)
    fit_table(model, [callback])
    model.compile(keras.optimizers.SGD(0.001), "mae")
    fit_table(model, [callback])
    session = only_session(tmp_path)
    assert session.last_step == 2 * STEPS - 1
    assert session.facts is not None
    assert session.facts.optimizer["name"] == "SGD"
    losses = np.concatenate([r.step for r in session.records() if isinstance(r, Losses)])
    assert losses.tolist() == list(range(2 * STEPS))


@mode(GROUP, "Training without the callback in between: its steps are left out", on=BACKENDS)
def test_steps_in_between(tmp_path: Path) -> None:
    fresh()
    model, callback = regressor(), silent(tmp_path)
    for callbacks in ([callback], [], [callback]):
        fit_table(model, callbacks)
    assert [call.step for call in only_session(tmp_path).calls] == [2 * STEPS]


def test_the_loss_of_a_later_fit_is_that_of_its_own_batches(tmp_path: Path) -> None:
    """A later fit may have batches of another size, which the losses of unsampled steps are recovered by."""
    found = []
    for every in (1, 1000):
        fresh()
        model, callback = regressor(), silent(tmp_path / str(every), every=every)
        data = table()
        for size in (BATCH, 3):
            model.fit(
                data["input:x"], data["target:y"], batch_size=size, shuffle=False, verbose=0, callbacks=[callback]
            )
        losses = [r for r in only_session(tmp_path / str(every)).records() if isinstance(r, Losses)]
        found.append((np.concatenate([r.step for r in losses]), np.concatenate([r.loss for r in losses])))
    assert np.array_equal(found[0][0], found[1][0])
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-4)


@mode(GROUP, "`evaluate` and `predict` before the first `fit`: a run of their own", on=BACKENDS)
def test_evaluate_first(tmp_path: Path) -> None:
    fresh()
    model, callback, data = regressor(), silent(tmp_path), table()
    model.evaluate(data["input:x"], data["target:y"], verbose=0, callbacks=[callback])
    for _ in range(2):
        fit_table(model, [callback])
        model.evaluate(data["input:x"], data["target:y"], verbose=0, callbacks=[callback])
    first, second = read(tmp_path).run.sessions
    assert first.calls == []
    assert [call.mode for call in second.calls] == ["evaluate", "fit", "evaluate"]


@mode(GROUP, "Models that take turns (a GAN) with one callback: a run each from the second turn on", on=BACKENDS)
def test_models_in_turn(tmp_path: Path) -> None:
    fresh()
    callback, models = silent(tmp_path), [regressor(), regressor()]
    for _ in range(5):
        for model in models:
            fit_table(model, [callback])
    assert files(tmp_path) == 3
    fits = sorted(session.n_fits for run in read(tmp_path).runs for session in run.sessions)
    assert fits == [1, 4, 5]


@mode(GROUP, "An exception, an interruption, `callback.close()`: the next `fit` begins a new run", on=BACKENDS)
def test_what_ends_a_run(tmp_path: Path) -> None:
    class Breaks(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise KeyboardInterrupt

    fresh()
    model, callback = regressor(), silent(tmp_path)
    fit_table(model, [callback])
    with pytest.raises(KeyboardInterrupt):
        fit_table(model, [callback, Breaks()])
    gc.collect()
    fit_table(model, [callback])
    callback.close()
    callback.close()
    fit_table(model, [callback])
    sessions = read(tmp_path).run.sessions
    assert [s.status for s in sessions] == ["failed", "finished", "finished"]
    assert [s.n_fits for s in sessions] == [2, 1, 1]


def test_closed_in_the_middle_of_a_fit(tmp_path: Path) -> None:
    class Closes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            callback.close()

    fresh()
    model, callback = regressor(), silent(tmp_path)
    before = attributes(model)
    fit_table(model, [callback, Closes()], epochs=2)
    session = only_session(tmp_path)
    assert (session.status, session.last_step) == ("finished", STEPS - 1)
    assert not isinstance(model.train_function, Twin)
    assert {name for name in attributes(model) if name.startswith("make_")} <= set(before)


def test_a_folder_that_was_removed_or_used_by_another_run(tmp_path: Path) -> None:
    fresh()
    model, callback = regressor(), silent(tmp_path / "logs")
    fit_table(model, [callback])
    shutil.rmtree(tmp_path / "logs")
    fit_table(model, [callback])
    assert only_session(tmp_path / "logs").n_fits == 1
    fit_table(regressor(), [silent(tmp_path / "logs")])  # in between, another run in the same folder
    fit_table(model, [callback])
    run = read(tmp_path / "logs").run
    assert [session.n_fits for session in run.sessions] == [1, 1, 1]


def test_nothing_is_held_between_calls(tmp_path: Path) -> None:
    """Other runs get the same directory while a session rests, and a deleted callback closes its files."""
    fresh()
    callbacks = [silent(tmp_path) for _ in range(5)]
    for callback in callbacks:
        fit_table(regressor(), [callback])
    assert open_files(tmp_path)
    del callbacks, callback
    gc.collect()
    assert not open_files(tmp_path)
    assert len(read(tmp_path).run.sessions) == 5


def test_watch_blocks_belong_to_the_run(tmp_path: Path) -> None:
    fresh()
    model, callback, data = regressor(), silent(tmp_path), table()
    for _ in range(3):
        with callback.watch(model):
            for i in range(0, N, BATCH):
                model.train_on_batch(data["input:x"][i : i + BATCH], data["target:y"][i : i + BATCH])
    session = only_session(tmp_path)
    assert [call.mode for call in session.calls] == ["watch"] * 2
    assert session.last_step == 3 * STEPS - 1


def test_stop_on_ends_each_fit_in_which_the_alert_is_seen(tmp_path: Path) -> None:
    fresh()
    model, callback, data = regressor(), silent(tmp_path, every=1, stop_on="ERROR"), table()
    x = data["input:x"].copy()
    x[0, 0] = np.nan
    for _ in range(2):
        model.fit(x, data["target:y"], batch_size=BATCH, epochs=3, shuffle=False, verbose=0, callbacks=[callback])
    ends = [r for r in records_of(tmp_path) if isinstance(r, SessionEnd)]
    assert [end.status for end in ends] == ["stopped"] * 2
    # a callback's wish to stop is heard at the end of an epoch
    assert len([r for r in records_of(tmp_path) if isinstance(r, EpochEnd)]) == 2


_PROGRAM = """
import os, sys
import keras, numpy as np
from tb_inputdiag import InputDiagnostics
callback = InputDiagnostics(sys.argv[1], verbose=0)
model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
x, y = np.random.rand(8, 3), np.random.rand(8, 1)
for _ in range(3):
    model.fit(x, y, verbose=0, callbacks=[callback])
if sys.argv[2] == "kill":
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("end", ["normal", "kill"])
def test_a_program_that_ends_between_calls_has_finished(tmp_path: Path, end: str) -> None:
    subprocess.run([sys.executable, "-c", _PROGRAM, str(tmp_path), end], check=end == "normal", timeout=300)
    session = only_session(tmp_path)
    assert (session.status, session.n_fits, session.completeness.complete) == ("finished", 3, True)
    assert session.is_over


def test_a_run_that_goes_on_is_running(tmp_path: Path) -> None:
    class Looks(keras.callbacks.Callback):
        statuses: ClassVar[list[str]] = []

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            callback._sessions.writers.copy().pop().flush()
            session = only_session(tmp_path)
            self.statuses.append(session.status)
            assert not session.is_over

    fresh()
    model, callback = regressor(), silent(tmp_path)
    for _ in range(2):
        fit_table(model, [callback, Looks()])
    assert Looks.statuses == ["running"] * 2
    records = records_of(tmp_path)
    kinds = [type(r) for r in records if isinstance(r, SessionEnd | CallStart)]
    assert kinds == [SessionEnd, CallStart, SessionEnd]
    assert not only_session(tmp_path).is_over  # the program may call fit again at once
