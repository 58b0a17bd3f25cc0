"""The life of a callback, on every backend: evaluations, loops, exceptions, failures of our own."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from tb_inputdiag import InputDiagnostics, autolog, read
from tb_inputdiag.capture.twin import Twin
from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.records import Images, SessionEnd, ShownExamples
from tb_inputdiag.rules import judge
from tests.modes.harness import assert_same_weights, fresh, records_of, weights_of
from tests.modes.models import BATCH, regressor, table
from tests.modes.rows import Seen

DATA = table()
X, Y = DATA["input:x"], DATA["target:y"]


def seen(log_dir: Path, callback: InputDiagnostics | None = None) -> Seen:
    return Seen(records_of(log_dir), str(log_dir), callback, None)


def test_evaluate_and_predict_are_recorded_and_return_the_same(tmp_path: Path) -> None:
    fresh()
    # Keras refuses more on PyTorch
    model = regressor(steps_per_execution=1 if keras.config.backend() == "torch" else 2)
    expected = model.evaluate(X, Y, batch_size=BATCH, verbose=0), model.predict(X, batch_size=BATCH, verbose=0)
    callback = InputDiagnostics(tmp_path, verbose=0)
    loss = model.evaluate(X, Y, batch_size=BATCH, verbose=0, callbacks=[callback])
    outputs = model.predict(X, batch_size=BATCH, verbose=0, callbacks=[callback])
    assert np.array_equal(expected[0], loss)
    assert np.array_equal(expected[1], outputs)
    found = seen(tmp_path)
    assert found.samples("validation")
    assert found.samples("predict")
    assert not isinstance(model.test_function, Twin)
    assert not isinstance(model.predict_function, Twin)


def test_a_loop_of_train_on_batch(tmp_path: Path) -> None:
    def loop(model: Any) -> list[Any]:
        return [model.train_on_batch(X[i : i + BATCH], Y[i : i + BATCH]) for i in range(0, 5 * BATCH, BATCH)]

    fresh()
    plain = regressor()
    expected = copy.deepcopy(loop(plain))
    fresh()
    model = regressor()
    with InputDiagnostics(tmp_path, verbose=0, every=2).watch(model):
        found = loop(model)
    assert np.array_equal(expected, found)
    assert_same_weights(weights_of(plain), weights_of(model))
    assert [sample.step for sample in seen(tmp_path).samples()] == [0, 2, 4]


@pytest.mark.parametrize("given", ["list", "tuple", "alone"])
def test_autolog_joins_the_callbacks_of_the_program(given: str, tmp_path: Path) -> None:
    epochs: list[int] = []
    counts = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    callbacks = {"list": [counts], "tuple": (counts,), "alone": counts}[given]
    fresh()
    with autolog(tmp_path, verbose=0):
        regressor().fit(X, Y, batch_size=BATCH, verbose=0, callbacks=callbacks)
    assert epochs == [0]
    assert len(read(tmp_path)) == 1


class Fails(L.Layer):
    """Raises when a training step is traced or run, but not while the model is built."""

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            raise RuntimeError("no such thing")
        return x


def test_an_exception_of_the_users_own_step_names_the_layer(tmp_path: Path) -> None:
    fresh()
    model = keras.Sequential([L.Input((3,)), L.Dense(4, name="a"), Fails(name="fails"), L.Dense(1, name="b")])
    model.compile("sgd", "mse")
    callback = InputDiagnostics(tmp_path, verbose=0)
    with pytest.raises(RuntimeError, match="no such thing"):
        model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=[callback])
    records = records_of(tmp_path)
    failure = next(record for record in records if type(record).__name__ == "Failure")
    assert failure.where == "fails"
    assert [layout.name for layout in failure.fed] == ["x", "y"]
    assert records[-1].status == "failed"


def test_a_failure_of_the_probe_is_one_warning_and_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh()
    plain = regressor()
    plain.fit(X, Y, batch_size=BATCH, verbose=0, shuffle=False)
    fresh()
    model = regressor()
    monkeypatch.setattr("tb_inputdiag.statistics.weights.update", lambda *args: 1 / 0)
    with pytest.warns(InputDiagWarning, match="recording stopped at step 0: ZeroDivisionError") as caught:
        model.fit(X, Y, batch_size=BATCH, verbose=0, shuffle=False, callbacks=[InputDiagnostics(tmp_path, verbose=0)])
    assert len([w for w in caught if issubclass(w.category, InputDiagWarning)]) == 1
    assert_same_weights(weights_of(plain), weights_of(model))
    end = records_of(tmp_path)[-1]
    assert isinstance(end, SessionEnd)
    assert end.recording_stopped_step == 0


def test_two_fits_are_one_run_and_leave_nothing_behind(tmp_path: Path) -> None:
    fresh()
    model = regressor()
    callback = InputDiagnostics(tmp_path, verbose=0, every=3)
    for _ in range(2):
        model.fit(X, Y, batch_size=BATCH, verbose=0, callbacks=[callback])
    found = seen(tmp_path)
    assert [sample.step for sample in found.samples()] == sorted({sample.step for sample in found.samples()})
    assert found.records[-1].step == 11
    assert "learning_rate" in found.facts.optimizer
    assert found.facts.optimizer["learning_rate"] == pytest.approx(0.01)
    assert not isinstance(model.train_function, Twin)


def test_a_bad_batch_is_saved_as_it_was(tmp_path: Path) -> None:
    fresh()
    x = X.copy()
    x[5] = np.nan
    callback = InputDiagnostics(tmp_path, verbose=0, every=1, save_bad_batches=True)
    regressor().fit(x, Y, batch_size=BATCH, verbose=0, shuffle=False, callbacks=[callback])
    (saved, *_) = (record for record in records_of(tmp_path) if type(record).__name__ == "SavedBatch")
    with np.load(saved.path) as batch:
        assert np.array_equal(batch["input:x"], x[4:8], equal_nan=True)
        assert np.array_equal(batch["target:y"], Y[4:8])


@pytest.mark.parametrize(("every", "images"), [("auto", 4), (1, 4), ("auto", 0)])
def test_an_alert_shows_the_examples_that_it_names(tmp_path: Path, every: Any, images: int) -> None:
    fresh()
    x = X.copy()
    x[5, 2] = np.nan
    callback = InputDiagnostics(tmp_path, every=every, images=images, verbose=0)
    regressor().fit(x, Y, batch_size=BATCH, shuffle=False, verbose=0, callbacks=[callback])
    (alert,) = (alert for alert in callback.alerts if alert.rule == "non-finite-input")
    records = records_of(tmp_path)
    assert alert.examples is not None
    assert (alert.examples.batch, alert.examples.rows) == ((1,), (5,))
    (replayed,) = judge(records, ["non-finite-input"])
    assert repr(replayed.examples) == repr(alert.examples)  # NaN is not equal to itself
    found = {example.subject: example.values for example in alert.examples.shown}
    if not images:
        assert found == {}
        assert not any(isinstance(record, (Images, ShownExamples)) for record in records)
        return
    assert set(found) == {"input:x", "target:y"}
    np.testing.assert_array_equal(found["input:x"], x[5])
    np.testing.assert_array_equal(found["target:y"], Y[5])
