"""Replaces methods of Keras' classes while a step is being traced, and only for the thread that traces it.

The replacements look up what their thread is tracing and call straight through if that is nothing. They are taken
off again when the last trace anywhere ends.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

_lock = threading.Lock()
_active = threading.local()
_users = 0
_undo: list[Callable[[], None]] = []


def current() -> Any:
    """Returns what this thread is tracing, or None."""
    return getattr(_active, "trace", None)


@contextmanager
def tracing(trace: Any) -> Iterator[None]:
    """Sends the layer calls and optimizer updates of this thread to `trace` while the block runs.

    Args:
        trace: Has ``call(original, layer, args, kwargs)``, ``apply(original, optimizer, args, kwargs)`` and
            ``reduced(result)``.
    """
    before = current()
    _install()
    _active.trace = trace
    try:
        yield
    finally:
        _active.trace = before
        _uninstall()


@contextmanager
def paused() -> Iterator[None]:
    """Sends nothing while the block runs: for ops of our own."""
    before = current()
    _active.trace = None
    try:
        yield
    finally:
        _active.trace = before


def _install() -> None:
    global _users
    with _lock:
        _users += 1
        if _users > 1:
            return
        optimizer = keras.optimizers.Optimizer
        scaled = keras.optimizers.LossScaleOptimizer
        _replace(
            keras.layers.Layer, "__call__", lambda trace, original, args, kwargs: trace.call(original, args, kwargs)
        )
        for cls in (optimizer, scaled):
            _replace(cls, "apply", lambda trace, original, args, kwargs: trace.apply(original, args, kwargs))
        _replace(
            tf.GradientTape,
            "gradient",
            lambda trace, original, args, kwargs: trace.differentiate(original, args, kwargs),
        )
        if hasattr(optimizer, "_all_reduce_sum_gradients"):
            _replace(
                optimizer,
                "_all_reduce_sum_gradients",
                lambda trace, original, args, kwargs: trace.reduce(original, args, kwargs),
            )


def _uninstall() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            while _undo:
                _undo.pop()()


def _replace(cls: type, name: str, send: Callable[[Any, Callable[..., Any], Any, Any], Any]) -> None:
    own = cls.__dict__.get(name)
    original = getattr(cls, name)

    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        trace = current()
        if trace is None:
            return original(*args, **kwargs)
        return send(trace, original, args, kwargs)

    setattr(cls, name, replacement)
    if own is None:
        _undo.append(lambda: delattr(cls, name))
    else:
        _undo.append(lambda: setattr(cls, name, own))
