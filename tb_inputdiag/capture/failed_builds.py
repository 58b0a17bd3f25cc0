"""Calls of `fit` that raise while Keras builds the model, before any callback is called.

JAX and PyTorch build a model, its loss and its metrics before the callbacks of `fit` are called. So a batch of the
wrong shape raises when no callback knows of the model yet.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

import keras

from tb_inputdiag.capture import keras_internals

__all__ = ["Call", "report_failed_builds"]

Call: TypeAlias = Literal["fit", "evaluate", "predict"]
"""The method of a model that was called."""

_CALLS: tuple[Call, ...] = ("fit", "evaluate", "predict")

Report: TypeAlias = Callable[[Any, keras.Model, Call, Exception], None]
# reentrant: who asked may be collected, and so end it, at any time
_lock = threading.RLock()
_asking: list[Report] = []
_put_back: Callable[[], bool] | None = None


def report_failed_builds(report: Report) -> Callable[[], None]:
    """Has exceptions reported that a model raises while it is built by one of its methods.

    They are raised as before. Each is reported once, to who asked last.

    Args:
        report: Receives each callback that the method was given, the model, the method and the exception.

    Returns:
        Ends it; to be called once. When all have ended it, Keras has its own method again.
    """
    global _put_back
    with _lock:
        _asking.append(report)
        if _put_back is None:
            _put_back = _replaced()

    def end() -> None:
        global _put_back
        with _lock:
            _asking.remove(report)
            if not _asking and _put_back is not None and _put_back():
                _put_back = None

    return end


def _replaced() -> Callable[[], bool] | None:
    """Puts a method of ours in the place of Keras' one.

    Returns:
        Puts it back and returns True, or False if somebody else has replaced it since. None if there is no such method.
    """
    method = keras_internals.build_method()
    if method is None:
        return None
    original = getattr(method.owner, method.name)

    @functools.wraps(original)
    def build(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except Exception as exc:
            for report in _asking[-1:]:
                for callback, call in _given_to(self):
                    report(callback, self, call, exc)
            raise

    def put_back() -> bool:
        is_ours = getattr(method.owner, method.name) is build
        if is_ours:
            setattr(method.owner, method.name, original)
        return is_ours

    setattr(method.owner, method.name, build)
    return put_back


def _given_to(model: keras.Model) -> Iterator[tuple[Any, Call]]:
    """Yields the callbacks that the running method of a model was given, with its name."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        call = next((name for name in _CALLS if name == frame.f_code.co_name), None)
        if call is not None and frame.f_locals.get("self") is model:
            for callback in _flat(frame.f_locals.get("callbacks")):
                yield callback, call
            return
        frame = frame.f_back


def _flat(callbacks: Any) -> list[Any]:
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return list(callbacks.callbacks)
    if isinstance(callbacks, list | tuple):
        return [callback for part in callbacks for callback in _flat(part)]
    return [] if callbacks is None else [callbacks]
