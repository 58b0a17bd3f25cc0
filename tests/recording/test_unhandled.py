"""Exceptions that nobody catches are explained where they are shown, and what is replaced for that is put back."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

from tb_inputdiag import InputDiagnostics, unhandled
from tb_inputdiag.log.reader import read
from tb_inputdiag.recording.explanations import explain_exception
from tb_inputdiag.settings import Settings, check
from tb_inputdiag.tracebacks import hide_own_frames, user_frames
from tb_inputdiag.unhandled import explain_unhandled


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return check(tmp_path, "auto", 0.01, None, None, None, 0, False, 1)


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What the hooks that were there before are given."""
    monkeypatch.setattr(unhandled, "_hooks", unhandled._Hooks())  # a callback of another test may still be alive
    found: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, exc, traceback: found.append(exc))
    monkeypatch.setattr(threading, "excepthook", lambda args: found.append(args.exc_value))
    return found


def mismatch() -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.ones((7, 1)), verbose=0)


def uncaught(call: Any) -> None:
    """Calls a function, and shows what it raises as Python does at its end."""
    try:
        call()
    except BaseException as exc:
        sys.excepthook(type(exc), exc, exc.__traceback__)


def test_the_hooks_are_there_as_long_as_somebody_asks(settings: Settings) -> None:
    before = (sys.excepthook, threading.excepthook)
    ends = [explain_unhandled(settings) for _ in range(3)]
    ours = (sys.excepthook, threading.excepthook)
    assert ours[0] is not before[0]
    assert ours[1] is not before[1]
    for end in (ends[1], ends[0], ends[0]):
        end()
        assert (sys.excepthook, threading.excepthook) == ours
    ends[2]()
    assert (sys.excepthook, threading.excepthook) == before


def test_a_hook_that_somebody_else_set_since_stays(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    end = explain_unhandled(settings)

    def theirs(kind: type[BaseException], exc: BaseException, traceback: TracebackType | None) -> None:
        pass

    with monkeypatch.context() as patched:
        patched.setattr(sys, "excepthook", theirs)
        end()
        assert sys.excepthook is theirs


def test_a_callback_asks_as_long_as_it_lives(tmp_path: Path, shown: list[BaseException]) -> None:
    before = sys.excepthook
    callback = InputDiagnostics(tmp_path)
    uncaught(mismatch)
    (exc,) = shown
    assert "shape-mismatch" in "".join(exc.__notes__)
    assert str(tmp_path) in exc.__notes__[-1]
    del callback
    gc.collect()
    assert sys.excepthook is before
    uncaught(mismatch)
    assert not hasattr(shown[1], "__notes__")


def test_an_exception_in_a_thread(settings: Settings, shown: list[BaseException]) -> None:
    end = explain_unhandled(settings)
    thread = threading.Thread(target=mismatch)
    thread.start()
    thread.join()
    end()
    assert "shape-mismatch" in "".join(shown[0].__notes__)


def test_what_has_nothing_to_do_with_keras_stays_as_it_is(settings: Settings, shown: list[BaseException]) -> None:
    end = explain_unhandled(settings)
    uncaught(lambda: {}["missing"])
    end()
    assert repr(shown[0]) == "KeyError('missing')"
    assert not hasattr(shown[0], "__notes__")


def test_our_frames_are_left_out_of_every_exception_of_a_chain() -> None:
    ours: dict[str, Any] = {"__name__": "tb_inputdiag.made_up"}
    exec("def call(function):\n    return function()", ours)

    def fails() -> None:
        try:
            ours["call"](lambda: 1 / 0)
        except ZeroDivisionError as error:
            raise KeyError("x") from error

    with pytest.raises(KeyError) as caught:
        ours["call"](fails)
    exc = caught.value
    hide_own_frames(exc)
    for link in (exc, exc.__cause__):
        assert link is not None
        names = []
        traceback = link.__traceback__
        while traceback is not None:
            names.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
        assert "call" not in names
        assert names


def test_a_fault_of_ours_keeps_its_frames() -> None:
    ours: dict[str, Any] = {"__name__": "tb_inputdiag.made_up"}
    exec("def fails():\n    1 / 0", ours)
    exec("def catch():\n    try:\n        fails()\n    except Exception as exc:\n        return exc", ours)
    exc = ours["catch"]()
    assert user_frames(exc.__traceback__) is None
    hide_own_frames(exc)
    assert exc.__traceback__ is not None


class _Raises(keras.callbacks.Callback):
    """Raises between two steps: in front of the sixth one."""

    def __init__(self, exception: BaseException) -> None:
        super().__init__()
        self._exception = exception

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if batch == 5:
            raise self._exception


def _fit(*callbacks: Any) -> Any:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((64, 3)), np.ones((64, 1)), batch_size=8, verbose=0, callbacks=[*callbacks])
    return model


@pytest.mark.parametrize(
    ("exception", "status"), [(ValueError("of the user"), "failed"), (KeyboardInterrupt(), "interrupted")]
)
def test_what_is_raised_between_two_steps_ends_the_run(
    exception: BaseException, status: str, tmp_path: Path, shown: list[BaseException]
) -> None:
    callbacks = [InputDiagnostics(tmp_path / name) for name in "ab"]
    uncaught(lambda: _fit(*callbacks, _Raises(exception)))
    assert shown == [exception]
    for name in "ab":
        (session,) = read(tmp_path / name).run.sessions
        assert (session.status, session.last_step) == (status, 4)
        assert session.end is not None
        assert session.end.reason.startswith(type(exception).__name__)
    assert [alert.rule for alert in callbacks[0].alerts] == (["program-error"] if status == "failed" else [])


def test_an_exception_that_a_callback_handles_does_not_end_the_run(tmp_path: Path) -> None:
    class Evaluates(keras.callbacks.Callback):
        explained: ClassVar[list[str]] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                try:
                    self.model.evaluate(np.ones((8, 3)), np.ones((7, 1)), verbose=0)
                except ValueError as exc:
                    self.explained += [alert.rule for alert in explain_exception(exc)]

    _fit(InputDiagnostics(tmp_path, verbose=0), Evaluates())
    assert Evaluates.explained == ["shape-mismatch"]
    (session,) = read(tmp_path).run.sessions
    assert (session.status, session.last_step) == ("finished", 7)
