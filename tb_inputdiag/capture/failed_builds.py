"""Calls of `fit` that raise while Keras builds the model, before any callback is called.

JAX and PyTorch build a model, its loss and its metrics before the callbacks of `fit` are called. So a batch of the
wrong shape raises when no callback knows of the model yet.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

import keras

from tb_inputdiag.capture import keras_internals

__all__ = ["Call", "report_failed_builds"]

Call: TypeAlias = Literal["fit", "evaluate", "predict"]
"""The method of a model that was called."""

_CALLS: tuple[Call, ...] = ("fit", "evaluate", "predict")

Report: TypeAlias = Callable[[Any, keras.Model, Call, Exception], None]
_report: Report | None = None


def report_failed_builds(report: Report) -> None:
    """Has exceptions reported that a model raises while it is built by one of its methods.

    They are raised as before. Asking again replaces the receiver.

    Args:
        report: Receives each callback that the method was given, the model, the method and the exception.
    """
    global _report
    installed, _report = _report is not None, report
    method = keras_internals.build_method()
    if installed or method is None:
        return
    original = getattr(method.owner, method.name)

    @functools.wraps(original)
    def build(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except Exception as exc:
            for callback, call in _given_to(self):
                report(callback, self, call, exc)
            raise

    setattr(method.owner, method.name, build)


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
