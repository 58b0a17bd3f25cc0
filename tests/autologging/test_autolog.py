"""`autolog`: every call of every model is recorded once, with the result that it has without us."""

from __future__ import annotations

import copy
import gc
import inspect
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

import tb_inputdiag
from tb_inputdiag import InputDiagnostics
from tb_inputdiag.autologging.keras_calls import CALLS
from tb_inputdiag.autologging.model_diagnostics import ModelDiagnostics
from tb_inputdiag.autologging.model_runs import ModelRuns
from tb_inputdiag.capture.backend import backend
from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.errors import BackendError, ConfigurationError, LogWriteError
from tb_inputdiag.log.reader import read
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.recording.explanations import explained
from tb_inputdiag.records import CallStart, Failure, Sample, SessionStart
from tb_inputdiag.settings import check
from tests.modes.harness import assert_same_history, assert_same_weights, attributes, fresh, records_of, weights_of
from tests.modes.models import BATCH, STEPS, fit_table, regressor, table
from tests.open_files import open_files

QUIET: dict[str, Any] = {"verbose": 0, "every": 2}


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = {name: vars(keras.Model).get(name) for name in CALLS}
    yield
    tb_inputdiag.autolog(disable=True)
    assert {name: vars(keras.Model).get(name) for name in CALLS} == before


def sessions(log_dir: Path) -> list[StoredSession]:
    if not log_dir.exists():
        return []
    found = [session for run in read(log_dir, missing_ok=True).runs for session in run.sessions]
    assert not [problem for session in found for problem in session.problems]
    return found


def calls(session: StoredSession) -> list[str]:
    records = session.records()
    return [record.mode for record in records if isinstance(record, SessionStart | CallStart)]


def data() -> tuple[Any, Any]:
    rows = table()
    return rows["input:x"], rows["target:y"]


# -- what is recorded ----------------------------------------------------------------------------------


def everything(model: Any) -> dict[str, Any]:
    """Uses each of the four methods, and returns what they return."""
    x, y = data()
    found = dict(fit_table(model, [], epochs=2))
    found["evaluate"] = model.evaluate(x, y, batch_size=BATCH, verbose=0)
    found["predict"] = model.predict(x, batch_size=BATCH, verbose=0)
    found["train_on_batch"] = [model.train_on_batch(x[i : i + 4], y[i : i + 4]) for i in range(0, 24, 4)]
    found["again"] = model.fit(x, y, validation_split=0.25, batch_size=BATCH, verbose=0).history["val_loss"]
    return found


def test_the_result_is_the_same_to_the_bit(tmp_path: Path) -> None:
    fresh()
    model = regressor()
    expected, hangs_on = everything(model), attributes(model)
    weights = weights_of(model)
    fresh()
    model = regressor()
    with tb_inputdiag.autolog(tmp_path, **QUIET):
        assert_same_history(expected, everything(model))
        assert_same_weights(weights, weights_of(model))
    assert attributes(model) == hangs_on
    (session,) = sessions(tmp_path)
    assert calls(session) == ["fit", "evaluate", "predict", "watch"]
    assert session.status == "finished"
    splits = {record.split for record in session.records() if isinstance(record, Sample)}
    assert splits == {"train", "validation", "predict"}
    assert session.last_step == 2 * STEPS + 6 + round(0.75 * STEPS) - 1


class Own(keras.Model):
    """A subclass that overrides `fit`, and calls it by `super()`."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        return super().fit(*args, **kwargs)


def functional() -> Any:
    x = keras.Input((5,))
    return keras.Model(x, keras.layers.Dense(1)(x))


@pytest.mark.parametrize("build", [Own, functional])
def test_every_kind_of_model(build: Any, tmp_path: Path) -> None:
    tb_inputdiag.autolog(tmp_path, **QUIET)
    model = build()
    model.compile("sgd", "mse")
    model.fit(np.zeros((8, 5)), np.zeros((8, 1)), 4, 1, 0)  # arguments by position
    (session,) = sessions(tmp_path)
    assert calls(session) == ["fit"]
    assert session.last_step == 1


def test_each_model_has_a_run_and_keeps_it(tmp_path: Path) -> None:
    tb_inputdiag.autolog(tmp_path, **QUIET)
    first, second = regressor(), regressor()
    for _ in range(3):
        fit_table(first, [])
        fit_table(second, [])
    assert [(run.name, calls(run.session)) for run in read(tmp_path).runs] == [
        (".", ["fit"] * 3),
        ("inputdiag-2", ["fit"] * 3),
    ]


def test_models_that_train_in_loops_of_batches(tmp_path: Path) -> None:
    x, y = data()
    tb_inputdiag.autolog(tmp_path, **QUIET)
    models = [regressor(), regressor()]
    for i in range(0, 24, 4):
        for model in models:
            model.train_on_batch(x[i : i + 4], y[i : i + 4])
    tb_inputdiag.autolog(disable=True)
    found = sessions(tmp_path)
    assert [(calls(session), session.last_step, session.status) for session in found] == [
        (["watch"], 5, "finished")
    ] * 2


def test_a_copy_is_a_run_of_its_own(tmp_path: Path) -> None:
    tb_inputdiag.autolog(tmp_path, **QUIET)
    model = regressor()
    fit_table(model, [])
    clone = keras.models.clone_model(model)
    clone.compile("sgd", "mse")
    for other in (copy.deepcopy(model), clone):
        fit_table(other, [])
    assert [calls(session) for session in sessions(tmp_path)] == [["fit"]] * 3


class Evaluates(keras.callbacks.Callback):
    """Evaluates its model and another one at the end of an epoch."""

    def __init__(self, other: Any) -> None:
        super().__init__()
        self.other = other

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        x, y = data()
        self.model.evaluate(x, y, batch_size=BATCH, verbose=0)
        self.other.evaluate(x, y, batch_size=BATCH, verbose=0)


def test_calls_within_a_call(tmp_path: Path) -> None:
    """Those of the same model are a part of its call, another model has its own run."""
    x, y = data()
    tb_inputdiag.autolog(tmp_path, **QUIET)
    model, other = regressor(), regressor()
    model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0, callbacks=Evaluates(other), validation_data=(x, y))
    assert [calls(session) for session in sessions(tmp_path)] == [["fit"], ["evaluate"] * 2]


def test_models_in_threads(tmp_path: Path) -> None:
    tb_inputdiag.autolog(tmp_path, **QUIET)
    models = [regressor() for _ in range(3)]
    threads = [threading.Thread(target=fit_table, args=(model, [])) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(calls(s), s.last_step, s.status) for s in sessions(tmp_path)] == [(["fit"], STEPS - 1, "finished")] * 3


def test_keras_tuner(tmp_path: Path) -> None:
    x, y = data()
    tb_inputdiag.autolog(tmp_path / "logs", **QUIET)

    def build(hp: Any) -> Any:
        hp.Choice("unused", [1, 2])
        return regressor()

    tuner = keras_tuner.GridSearch(build, "val_loss", max_trials=2, directory=tmp_path / "tuner")
    tuner.search(x, y, validation_data=(x, y), epochs=1, verbose=0)
    assert [calls(session) for session in sessions(tmp_path / "logs")] == [["fit"]] * 2


def test_a_long_loop_of_predict_is_recorded_now_and_then(tmp_path: Path) -> None:
    now = [0.0]
    settings = check(tmp_path, "auto", 0.01, None, None, None, 0, False, 0)
    runs = ModelRuns(settings, clock=lambda: now[0])
    model, recorded = regressor(), 0
    for _ in range(100):
        now[0] += 1.0
        call = runs.begin("predict", model, None)
        if call is not None:
            recorded += 1
            call.end(None)
    assert recorded == 16 + 8
    runs.close()


def test_workers_record_the_same_calls_whatever_their_clocks_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend(), "worker", lambda model: (0, 2))
    settings = check(tmp_path, "auto", 0.01, None, None, None, 0, False, 0)
    seen = []
    for speed in (0.001, 1000.0):
        now = iter(np.arange(100) * speed)
        one = ModelDiagnostics(regressor(), settings, clock=lambda now=now: next(now))
        seen.append([number for number in range(1, 100) if one.evaluation_due()])
    assert seen[0] == seen[1] == [*range(1, 17), 32, 64]


class _Unsupported:
    def __getattr__(self, name: str) -> Any:
        raise BackendError("Keras runs on another backend.")


def test_an_unsupported_backend_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tb_inputdiag.autologging.model_runs", _Unsupported())
    tb_inputdiag.autolog(tmp_path, **QUIET)
    with pytest.warns(InputDiagWarning, match="nothing is recorded: Keras runs on another backend"):
        fit_table(regressor(), [])
    assert "fit" not in vars(keras.Model)
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputDiagWarning)
        fit_table(regressor(), [])


# -- beside the user's own callback --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["list", "alone", "CallbackList"])
def test_nothing_happens_twice_beside_an_explicit_callback(kind: str, tmp_path: Path) -> None:
    tb_inputdiag.autolog(tmp_path / "auto", **QUIET)
    own = InputDiagnostics(tmp_path / "own", **QUIET)
    x, y = data()
    model = regressor()
    given = {
        "list": lambda: [keras.callbacks.LambdaCallback(), [own]],
        "alone": lambda: own,
        "CallbackList": lambda: keras.callbacks.CallbackList([own], add_history=True, model=model, epochs=1),
    }[kind]()
    model.fit(x, y, batch_size=BATCH, verbose=0, callbacks=given, validation_data=(x, y))
    with own.watch(model):
        model.train_on_batch(x[:4], y[:4])
        model.evaluate(x, y, verbose=0)
    assert sessions(tmp_path / "auto") == []
    assert len(sessions(tmp_path / "own")) == 1


def test_an_explicit_callback_ends_the_recording_of_a_loop(tmp_path: Path) -> None:
    tb_inputdiag.autolog(tmp_path / "auto", **QUIET)
    x, y = data()
    model = regressor()
    model.train_on_batch(x[:4], y[:4])
    fit_table(model, [InputDiagnostics(tmp_path / "own", **QUIET)])
    model.train_on_batch(x[:4], y[:4])
    tb_inputdiag.autolog(disable=True)
    assert [session.last_step for session in sessions(tmp_path / "own")] == [STEPS]
    assert sum(len(calls(session)) for session in sessions(tmp_path / "auto")) == 2


def test_a_callback_list_of_the_users_own(tmp_path: Path) -> None:
    tb_inputdiag.autolog(tmp_path, **QUIET)
    x, y = data()
    model = regressor()
    seen: list[int] = []
    counts = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    callbacks = keras.callbacks.CallbackList([counts], add_history=True, model=model, epochs=2, steps=STEPS)
    before = list(callbacks.callbacks)
    model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0, callbacks=callbacks)
    assert callbacks.callbacks == before
    assert seen == [0, 1]
    (session,) = sessions(tmp_path)
    assert [epoch.epoch for epoch in session.epochs] == [0, 1]


# -- switching on and off ------------------------------------------------------------------------------


def test_it_takes_what_the_callback_takes(tmp_path: Path) -> None:
    ours = inspect.signature(tb_inputdiag.autolog).parameters
    assert list(ours) == [*list(inspect.signature(InputDiagnostics).parameters), "disable"]
    for name, parameter in inspect.signature(InputDiagnostics).parameters.items():
        if name != "log_dir":
            assert ours[name].default == parameter.default
    with pytest.raises(ConfigurationError, match="every must be"):
        tb_inputdiag.autolog(tmp_path, every="often")  # type: ignore[arg-type]  # what a user may give
    with pytest.raises(ConfigurationError, match="no-such-rule"):
        tb_inputdiag.autolog(tmp_path, rules=["no-such-rule"])
    (tmp_path / "file").touch()
    with pytest.raises(LogWriteError):
        tb_inputdiag.autolog(tmp_path / "file")


def test_a_second_call_changes_the_settings(tmp_path: Path) -> None:
    model = regressor()
    tb_inputdiag.autolog(tmp_path / "a", **QUIET)
    replaced = keras.Model.fit
    fit_table(model, [])
    tb_inputdiag.autolog(tmp_path / "a", **QUIET)
    fit_table(model, [])
    assert keras.Model.fit is replaced
    tb_inputdiag.autolog(tmp_path / "b", **QUIET)
    fit_table(model, [])
    assert keras.Model.fit is replaced
    assert [calls(session) for session in sessions(tmp_path / "a")] == [["fit", "fit"]]
    assert [calls(session) for session in sessions(tmp_path / "b")] == [["fit"]]


def test_scopes(tmp_path: Path) -> None:
    model = regressor()
    with tb_inputdiag.autolog(tmp_path / "a", **QUIET) as scope:
        assert repr(scope) == f"<autolog into {str(tmp_path / 'a')!r}>"
        with tb_inputdiag.autolog(tmp_path / "b", **QUIET):
            fit_table(model, [])
        fit_table(model, [])
    assert repr(scope) == "<autolog is off>"
    fit_table(model, [])
    assert [len(sessions(tmp_path / name)) for name in "ab"] == [1, 1]
    assert not [name for name in vars(model) if "inputdiag" in name]


def test_another_tools_replacement_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tb_inputdiag.autolog(tmp_path, **QUIET)
    ours = keras.Model.evaluate

    def theirs(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ours(self, *args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(keras.Model, "evaluate", theirs)
        tb_inputdiag.autolog(disable=True)
        assert vars(keras.Model)["evaluate"] is theirs
        x, y = data()
        regressor().evaluate(x, y, verbose=0)
    assert sessions(tmp_path) == []
    del keras.Model.evaluate  # what `monkeypatch` put back is ours


def test_switching_off_in_a_call(tmp_path: Path) -> None:
    """The call is recorded to its end."""
    tb_inputdiag.autolog(tmp_path, **QUIET)
    off = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: tb_inputdiag.autolog(disable=True))
    model = regressor()
    fit_table(model, [off])
    fit_table(model, [])
    (session,) = sessions(tmp_path)
    assert (calls(session), session.status, session.last_step) == (["fit"], "finished", STEPS - 1)
    assert not [name for name in vars(model) if "inputdiag" in name]


def test_models_are_released(tmp_path: Path) -> None:
    x, y = data()
    tb_inputdiag.autolog(tmp_path, **QUIET)
    threads = threading.active_count()
    models = [regressor(), regressor()]
    fit_table(models[0], [])
    models[1].train_on_batch(x[:4], y[:4])
    references = [weakref.ref(model) for model in models]
    del models
    keras.backend.clear_session()
    gc.collect()
    assert [reference() for reference in references] == [None, None]
    assert threading.active_count() == threads
    assert [session.status for session in sessions(tmp_path)] == ["finished"] * 2


def test_only_so_many_logs_are_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_inputdiag.autologging.model_runs._MOST", 2)
    tb_inputdiag.autolog(tmp_path, **QUIET)
    models = [regressor() for _ in range(4)]
    for model in models:
        fit_table(model, [])
    assert len(open_files(tmp_path)) <= 2 * 2  # of each, the events and the lock
    assert len(sessions(tmp_path)) == 4


# -- exceptions ----------------------------------------------------------------------------------------


def test_an_exception_leaves_as_it_is(tmp_path: Path) -> None:
    x, y = data()
    tb_inputdiag.autolog(tmp_path, **QUIET)
    model = regressor()
    for method in (model.fit, model.train_on_batch):
        with pytest.raises(ValueError, match=r"incompatible|rank|shape") as caught:
            method(x[:, :2], y)
        assert caught.value.__cause__ is None
    fit_table(model, [])
    records = records_of(tmp_path)
    assert [record.exception for record in records if isinstance(record, Failure)]
    assert "finished" in {session.status for session in sessions(tmp_path)}


def test_a_wrong_call_says_what_it_says_without_us(tmp_path: Path) -> None:
    model = regressor()
    with pytest.raises(TypeError) as expected:
        model.fit(nothing=1)
    tb_inputdiag.autolog(tmp_path, **QUIET)
    with pytest.raises(TypeError) as caught:
        model.fit(nothing=1)
    assert str(caught.value) == str(expected.value)


def test_an_exception_that_leaves_the_block_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ndim") as caught, tb_inputdiag.autolog(tmp_path, **QUIET):
        keras.Sequential([keras.Input((8, 4)), keras.layers.LSTM(3), keras.layers.LSTM(2)])
    assert [alert.rule for alert in explained(caught.value) or []] == ["shape-mismatch"]
