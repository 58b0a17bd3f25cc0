"""Replaces methods of Keras' classes while a step is being traced, and only for the thread that traces it.

A replacement looks up the observer of its thread, and calls the original directly if there is none. When the last
tracing in any thread ends, the classes have their own methods again.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

import keras
import tensorflow as tf

from tb_inputdiag.capture.keras_internals import gradient_sum_method

Original: TypeAlias = Callable[..., Any]
_Send: TypeAlias = Callable[["Observer", Original, tuple[Any, ...], Mapping[str, Any]], Any]


class Observer(Protocol):
    """Receives the calls of one thread. Each method has to call the original and return its result."""

    def call(self, original: Original, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Receives a call of a layer, which is the first argument."""

    def apply(self, original: Original, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Receives a call of `Optimizer.apply`; the optimizer is the first argument."""

    def sum_gradients(self, original: Original, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Receives an optimizer's sum of gradients over replicas; the optimizer is the first argument."""

    def differentiate(self, original: Original, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Receives a call of `tf.GradientTape.gradient`; the tape is the first argument."""

    def note_loss(self, loss: Any) -> None:
        """Receives what the model's `compute_loss` returned; see `overrides.loss_observed`."""


_lock = threading.Lock()
_active = threading.local()
_users = 0
_undo: list[Callable[[], None]] = []


def current() -> Observer | None:
    """Returns the observer of this thread, or None."""
    return getattr(_active, "observer", None)


@contextmanager
def tracing(observer: Observer) -> Iterator[None]:
    """Sends the calls of this thread to an observer while the block runs."""
    _install()
    try:
        with _observed_by(observer):
            yield
    finally:
        _uninstall()


@contextmanager
def paused() -> Iterator[None]:
    """Sends nothing while the block runs. Ops of our own are made in such blocks."""
    with _observed_by(None):
        yield


@contextmanager
def _observed_by(observer: Observer | None) -> Iterator[None]:
    before = current()
    _active.observer = observer
    try:
        yield
    finally:
        _active.observer = before


def _install() -> None:
    global _users
    with _lock:
        _users += 1
        if _users > 1:
            return
        _replace(keras.layers.Layer, "__call__", lambda observer, *call: observer.call(*call))
        for optimizer in (keras.optimizers.Optimizer, keras.optimizers.LossScaleOptimizer):
            _replace(optimizer, "apply", lambda observer, *call: observer.apply(*call))
        _replace(tf.GradientTape, "gradient", lambda observer, *call: observer.differentiate(*call))
        method = gradient_sum_method()
        if method is not None:
            _replace(method.owner, method.name, lambda observer, *call: observer.sum_gradients(*call))


def _uninstall() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            while _undo:
                _undo.pop()()


def _replace(cls: type, name: str, send: _Send) -> None:
    own = cls.__dict__.get(name)
    original = getattr(cls, name)

    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        observer = current()
        if observer is None:
            return original(*args, **kwargs)
        return send(observer, original, args, kwargs)

    setattr(cls, name, replacement)
    if own is None:
        _undo.append(lambda: delattr(cls, name))
    else:
        _undo.append(lambda: setattr(cls, name, own))
