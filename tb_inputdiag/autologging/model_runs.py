"""Gives each model a callback of its own, and puts it into the model's calls."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import keras

from tb_inputdiag.autologging.keras_calls import CallMode
from tb_inputdiag.autologging.model_diagnostics import ModelDiagnostics
from tb_inputdiag.callback import InputDiagnostics
from tb_inputdiag.capture.model_probes import is_recorded
from tb_inputdiag.console import say_warning
from tb_inputdiag.settings import Settings
from tb_inputdiag.unhandled import explain

__all__ = ["ModelRuns"]

_NAME = "_tb_inputdiag_autolog"
"""The attribute by which a model holds its callback, past Keras' own tracking of attributes."""
_MOST = 32
"""Models with an open log at most. Each has a thread and a file. The run of the one unused for longest ends."""


class ModelRuns:
    """Implements `keras_calls.Listener`.

    Args:
        settings: The arguments of the callbacks.
        clock: Returns seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        self._known: list[weakref.ref[ModelDiagnostics]] = []
        self._closed = False
        self._warned = False

    def begin(self, mode: CallMode, model: Any, callbacks: object) -> _AutologCall | None:
        """Receives a call before it is made; see `Listener`."""
        try:
            with self._lock:
                return None if self._closed else self._begin(mode, model, callbacks)
        except Exception as exc:
            self._warn(exc)
            return None

    def _begin(self, mode: CallMode, model: Any, callbacks: object) -> _AutologCall | None:
        if not isinstance(model, keras.Model):
            return None
        known = _callback_of(model)
        if known is not None and known.busy:
            return None
        if _holds_diagnostics(callbacks):
            if known is not None:
                known.leave()
            return None
        if is_recorded(model, besides=known and known.recorder, in_block=mode == "fit"):
            if known is not None:
                known.leave()
            return None
        if mode == "train_on_batch" and not model.compiled:
            return None
        found = known if known is not None else self._add(model)
        self._use(found)
        if mode in ("evaluate", "predict") and not found.evaluation_due():
            return None
        return _AutologCall(found, mode, callbacks)

    def _add(self, model: Any) -> ModelDiagnostics:
        found = ModelDiagnostics(model, self._settings, self._clock)
        vars(model)[_NAME] = found
        return found

    def _use(self, diagnostics: ModelDiagnostics) -> None:
        """Makes a callback the one that was used last, and ends the run of the one unused for longest."""
        known = [ref for ref in self._known if ref() not in (None, diagnostics)]
        idle = [found for ref in known if (found := ref()) is not None and not found.busy]
        if len(known) >= _MOST and idle:
            _release(idle[0])
            known = [ref for ref in known if ref() is not idle[0]]
        self._known = [*known, weakref.ref(diagnostics)]

    def failed(self, exc: Exception) -> None:
        """Receives an exception that leaves a call; see `Listener`."""
        explain(exc, self._settings)

    def close(self) -> None:
        """Ends all runs, and leaves nothing on any model. A call that still runs is recorded to its end."""
        with self._lock:
            self._closed = True
            for reference in self._known:
                found = reference()
                if found is not None:
                    _release(found)
            self._known.clear()

    def _warn(self, exc: Exception) -> None:
        if not self._warned:
            self._warned = True
            say_warning(f"a model is not recorded: {type(exc).__name__}: {exc}. The program goes on unchanged.")


class _AutologCall:
    """One recorded call; implements `keras_calls.Call`."""

    def __init__(self, diagnostics: ModelDiagnostics, mode: CallMode, callbacks: object) -> None:
        self._diagnostics = diagnostics
        self._mode = mode
        self._list = callbacks if isinstance(callbacks, keras.callbacks.CallbackList) else None
        self.callbacks: object = callbacks
        """See `Call`."""
        diagnostics.busy = True
        if mode == "train_on_batch":
            diagnostics.step_begins()
        elif self._list is not None:
            _join(self._list, diagnostics)
        else:
            self.callbacks = [*_one_by_one(callbacks), diagnostics]

    def end(self, exc: BaseException | None) -> None:
        """Receives how the call ended; see `Call`."""
        diagnostics = self._diagnostics
        try:
            if self._mode == "train_on_batch":
                if exc is not None:
                    diagnostics.leave(exc)
            else:
                if self._list is not None:
                    self._list.callbacks = [one for one in self._list.callbacks if one is not diagnostics]
                diagnostics.call_ended(exc)
        except Exception as trouble:
            say_warning(f"a call was not recorded to its end: {type(trouble).__name__}: {trouble}.")
        finally:
            diagnostics.busy = False


def _callback_of(model: Any) -> ModelDiagnostics | None:
    found = vars(model).get(_NAME)
    return found if isinstance(found, ModelDiagnostics) and found.watched is model else None


def _release(diagnostics: ModelDiagnostics) -> None:
    """Ends a run, and takes the callback off its model."""
    model = diagnostics.watched
    if model is not None:
        vars(model).pop(_NAME, None)
    diagnostics.leave()
    if not diagnostics.busy:
        diagnostics.close()


def _holds_diagnostics(callbacks: object) -> bool:
    """Returns whether a callback of the user's own records the call."""
    if callbacks is None:
        return False
    nested = callbacks.callbacks if isinstance(callbacks, keras.callbacks.CallbackList) else callbacks
    return any(isinstance(one, InputDiagnostics) for one in keras.tree.flatten(nested))


def _one_by_one(callbacks: object) -> Iterable[object]:
    """Returns the callbacks of a call without a list around them.

    On JAX and PyTorch, `CallbackList` asks each item of the list whether it can be called asynchronously, before lists
    in it are flattened. So a list inside of a list raises there.
    """
    if isinstance(callbacks, list | tuple):
        return callbacks  # a list in it is passed on, and treated as without autolog
    return [] if callbacks is None else list(keras.tree.flatten(callbacks))


def _join(callbacks: keras.callbacks.CallbackList, diagnostics: ModelDiagnostics) -> None:
    """Adds a callback to a list that exists already, as the list itself does with those that it is made with."""
    diagnostics.set_params(callbacks.params)
    diagnostics.set_model(callbacks.model)
    callbacks.callbacks = [*callbacks.callbacks, diagnostics]
