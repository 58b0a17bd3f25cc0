"""Replaces methods of Keras' and a backend's classes while a step runs, and only for the thread that runs it.

A replacement looks up the observer of its thread, and calls the original directly if there is none. When the last
observation in any thread ends, the classes have their own methods again.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeAlias

from tb_inputdiag.capture.replacing import replace

__all__ = ["Observer", "Original", "Replaced", "Send", "current", "paused", "tracing"]

Original: TypeAlias = Callable[..., Any]
Send: TypeAlias = Callable[[Any, Original, tuple[Any, ...], Mapping[str, Any]], Any]
"""Passes a call on to an observer: it receives the observer, the original, its arguments and its keyword arguments,
and returns what the caller gets."""


class Observer(Protocol):
    """Receives the calls of one thread; a backend's observer receives further ones, see its list of `Replaced`."""

    def call(self, original: Original, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Receives a call of a layer, which is the first argument; has to call the original and return its result."""

    def note_loss(self, loss: Any) -> Any:
        """Receives what the model's `compute_loss` returned; returns what its caller gets."""


class Replaced(NamedTuple):
    """A method that is replaced while steps are observed."""

    owner: type
    name: str
    send: Send


_lock = threading.Lock()
_active = threading.local()
_users = 0
_undo: list[Callable[[], None]] = []


def current() -> Observer | None:
    """Returns the observer of this thread, or None."""
    return getattr(_active, "observer", None)


@contextmanager
def tracing(observer: Observer, replaced: Callable[[], Iterator[Replaced]]) -> Iterator[None]:
    """Sends the calls of this thread to an observer while the block runs.

    Args:
        observer: Receives the calls.
        replaced: The methods whose calls are sent. All steps of a process are of one backend, and have the same ones.
    """
    _install(replaced)
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


def _install(replaced: Callable[[], Iterator[Replaced]]) -> None:
    global _users
    with _lock:
        _users += 1
        if _users == 1:
            for method in replaced():
                _replace(*method)


def _uninstall() -> None:
    global _users
    with _lock:
        _users -= 1
        if _users == 0:
            while _undo:
                _undo.pop()()


def _replace(cls: type, name: str, send: Send) -> None:
    original = getattr(cls, name)

    @functools.wraps(original)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        observer = current()
        if observer is None:
            return original(*args, **kwargs)
        return send(observer, original, args, kwargs)

    _undo.append(replace(cls, name, replacement))
