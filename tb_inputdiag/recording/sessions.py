"""The sessions of one callback.

Calls with the same callback and the same model are one session, with one log file in this process:

- After a call that ended well the session rests. Its last record is a `SessionEnd`, so whoever reads the log sees that
  it is finished. It holds neither the lock of the run directory nor anything of the model's.
- The next call goes on in the same file with a `CallStart`, unless another session has written to the directory since,
  or somebody has removed it. Then it gets a session of its own.
- A session is over after an exception, when another model is recorded, and when the callback is closed or deleted.
- Models that take turns, as in a GAN, keep a session each from the second turn on, in directories of their own.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tb_inputdiag.alerts import worst_first
from tb_inputdiag.capture.model_probes import ModelProbes, probes_of
from tb_inputdiag.log.reader import Run, runs_of
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.recording.recorder import Recorder
from tb_inputdiag.records import Alert, Mode
from tb_inputdiag.settings import Settings

__all__ = ["LEFT", "Sessions", "close_all"]

LEFT = "fit was left by an exception outside the training step"
"""Why a call ended that never came to its end."""


class Sessions:
    """Finds the session that a call belongs to, or begins one.

    Args:
        settings: The callback's arguments.
    """

    def __init__(self, settings: Settings) -> None:
        self.current: Recorder | None = None
        """The session of the last call."""
        self.writers: set[LogWriter] = set()
        """The files that are open; for `close_all`."""
        self._settings = settings
        self._resting: list[Recorder] = []
        self._past: list[Alert] = []
        self._left: weakref.WeakSet[Any] = weakref.WeakSet()
        self._probes: ModelProbes | None = None
        self._files: list[list[Path]] = []

    @property
    def alerts(self) -> list[Alert]:
        """Alerts of all sessions, worst first."""
        current = [] if self.current is None else [self.current]
        open_ones = [alert for recorder in [*current, *self._resting] for alert in recorder.alerts]
        return sorted([*self._past, *open_ones], key=worst_first)

    def open(self, mode: Mode, model: Any, params: Mapping[str, object]) -> Recorder:
        """Returns the session of a call that begins, ready to record it.

        Args:
            mode: What the call is.
            model: The model that is called.
            params: Keras' parameters of the call.
        """
        if self.current is not None:
            # if a call is running, it was left by an exception that no step raised
            self.current.end("failed", LEFT)
        found = self._known(model)
        if found is not None and found.resume(mode, params):
            return found
        if found is not None:
            self._finish(found)
        settings = self._settings
        self._probes = probes_of(model, settings.images, self._probes, settings.save_bad_batches)
        self.current = recorder = Recorder(self._probes, settings, mode, params)
        self.writers.add(recorder.writer)
        self._files.append(recorder.writer.files)
        return recorder

    def _known(self, model: Any) -> Recorder | None:
        """Makes the session of a model the current one, and returns it; None if there is none."""
        current = self.current
        if current is None or current.probes.model is model:
            return current
        known = next((recorder for recorder in self._resting if recorder.probes.model is model), None)
        if known is not None:
            self._resting.remove(known)
        if (known is not None or model in self._left) and not current.closed and current.hold():
            self._resting.append(current)
        else:
            if (left := current.probes.model) is not None:
                self._left.add(left)
            self._finish(current)
        self.current = known
        return known

    def _finish(self, recorder: Recorder) -> None:
        """Ends a session for good, and keeps its alerts."""
        recorder.close()
        self.writers.discard(recorder.writer)
        self._past += recorder.alerts
        if recorder is self.current:
            self.current = None

    def report(self) -> Run:
        """Returns the run that was written to last, with the sessions that this callback has written to it."""
        if self.current is not None:
            self.current.settle()
        for writer in self.writers:
            writer.flush()
        files = [path for written in self._files for path in written]
        same = [path for path in files if path.parent == files[-1].parent]
        return next(iter(runs_of(same)), Run("."))

    def hold(self, keep: bool = True) -> None:
        """Keeps the run directory of the session that rests, so that its next call goes on in the same file.

        Args:
            keep: False lets other sessions use the directory again.
        """
        current = self.current
        if current is None or current.running or current.closed:
            return
        if keep:
            current.hold()
        else:
            current.let_go()

    def close(self) -> None:
        """Ends all sessions."""
        for recorder in [*self._resting, *([] if self.current is None else [self.current])]:
            self._finish(recorder)
        self._resting.clear()


def close_all(writers: set[LogWriter]) -> None:
    """Closes files: when their callback is deleted."""
    for writer in writers:
        with contextlib.suppress(OSError):
            writer.close()
