"""The callback of one model, and which of the model's calls it records."""

from __future__ import annotations

import functools
import multiprocessing
import multiprocessing.util
import weakref
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import keras

from tb_inputdiag.callback import InputDiagnostics
from tb_inputdiag.capture.backend import backend
from tb_inputdiag.program_end import at_program_end, not_at_program_end
from tb_inputdiag.recording.recorder import Recorder
from tb_inputdiag.recording.sessions import LEFT, close_all
from tb_inputdiag.settings import Settings

__all__ = ["ModelDiagnostics"]

_FIRST_CALLS = 16
_BETWEEN_CALLS_S = 10.0
"""Seconds from one recorded `evaluate` or `predict` to the next, after the first ones. A game calls `predict` for each
move; recording every call would take longer than the move, and the log would not end."""


class ModelDiagnostics(InputDiagnostics):
    """The callback of one model.

    The model holds it, so both are released together. It keeps the run directory until then: models that take turns
    have a run each.

    Args:
        model: The model.
        settings: The arguments of the callback.
        clock: Returns seconds.
    """

    def __init__(self, model: Any, settings: Settings, clock: Callable[[], float]) -> None:
        self._block: Any = None
        super().__init__(**{field.name: getattr(settings, field.name) for field in fields(settings)})
        # the garbage collector would call it before `__del__`
        self._at_deletion.detach()
        # `autolog` explains, as long as it is on
        self._end_explaining()
        self.busy = False
        """Whether a call of the model runs: what it calls in turn is a part of it."""
        self._watched = weakref.ref(model)
        self._clock = clock
        self._at_exit: Callable[[], None] | None = None
        self._evaluations = 0
        self._last_evaluation = float("-inf")

    # A copy belongs to no model, so it does nothing.
    def __reduce__(self) -> Any:
        return keras.callbacks.Callback, ()

    @property
    def recorder(self) -> Recorder | None:
        """What records the present call, or the present loop of `train_on_batch`."""
        return self._recording

    @property
    def watched(self) -> Any:
        """The model, or None if it is gone."""
        return self._watched()

    def evaluation_due(self) -> bool:
        """Returns whether to record an `evaluate` or `predict` that begins: the first ones, then one in 10 seconds."""
        self._evaluations += 1
        if backend().worker(self.watched)[1] > 1:  # workers must record the same calls, and their clocks differ
            return self._evaluations <= _FIRST_CALLS or self._evaluations & (self._evaluations - 1) == 0
        now = self._clock()
        if self._evaluations > _FIRST_CALLS and now - self._last_evaluation < _BETWEEN_CALLS_S:
            return False
        self._last_evaluation = now
        return True

    def call_ended(self, exc: BaseException | None) -> None:
        """Receives the end of a `fit`, `evaluate` or `predict`."""
        recorder = self._recording
        if exc is not None and self._block is not None:
            self.leave(exc)
        elif exc is not None and recorder is not None:
            recorder.end("failed" if isinstance(exc, Exception) else "interrupted", LEFT)
        # the explanation of an exception goes into the same directory, as a run of its own
        self._sessions.hold(exc is None)

    # -- loops of train_on_batch -----------------------------------------------------------------------

    def step_begins(self) -> None:
        """Records the steps of `train_on_batch` from now on, until `leave`."""
        if self._block is not None and self._recording is None:  # a step has raised
            self.leave()
        if self._block is None:
            self._block = self.watch(self.watched)
            self._block.__enter__()
            self._at_exit = functools.partial(_leave, weakref.ref(self))
            # after the log was opened: what is registered last runs first
            at_program_end(self._at_exit)
            if multiprocessing.parent_process() is not None:
                # a child process of `multiprocessing` calls these only
                multiprocessing.util.Finalize(None, self._at_exit, exitpriority=100)

    def leave(self, exc: BaseException | None = None) -> None:
        """Ends what `step_begins` began. May be called again.

        Args:
            exc: The exception because of which it ends. It gets its diagnosis.
        """
        block, self._block = self._block, None
        if block is None:
            return
        if self._at_exit is not None:
            not_at_program_end(self._at_exit)
        block.__exit__(type(exc) if exc is not None else None, exc, None)
        self._sessions.hold(exc is None)

    def __del__(self) -> None:
        if not hasattr(self, "_sessions"):
            return
        recorder = self._recording
        if self._block is not None and recorder is not None:
            # The model goes, too. Nothing may be computed now: a function may be traced.
            recorder.end("finished", readable=False)
        close_all(self._sessions.writers)


def _leave(reference: weakref.ref[ModelDiagnostics]) -> None:
    found = reference()
    if found is not None:
        found.leave()
