"""Uploads a spool from a thread of its own, while it is being written."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable

from tb_inputdiag.console import say, say_warning
from tb_inputdiag.numbers import count, size_bytes
from tb_inputdiag.program_end import at_program_end, has_ended, not_at_program_end
from tb_inputdiag.remote.mirror import FolderMirror
from tb_inputdiag.remote.upload_schedule import UploadSchedule
from tb_inputdiag.urls import redact

__all__ = ["Uploader"]

_LAST_WAIT_S = 30.0
"""Longest time that the end of a program waits for the remote."""


class Uploader:
    """Uploads what is written to a spool, within `flush_s` or at once, and goes on after failures.

    The queue is the spool itself, so memory does not grow however long the remote is away. Nothing raises.

    Args:
        mirror: The files.
        flush_s: How long a change may wait, in seconds.
        verbose: Whether to say at the end where the log is. What is lost or late is always said.
        clock: Returns seconds.
    """

    def __init__(
        self,
        mirror: FolderMirror,
        flush_s: float,
        *,
        verbose: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mirror = mirror
        self._verbose = verbose
        self._clock = clock
        self._schedule = UploadSchedule(flush_s)
        self._pid = os.getpid()
        self._changes = threading.Condition()
        self._busy = threading.Lock()
        self._stopped = False
        self._warned = False
        self._thread = threading.Thread(target=self._run, name="tb_inputdiag-upload", daemon=True)
        self._thread.start()
        at_program_end(self._drain_all)

    def changed(self, *, urgent: bool) -> None:
        """Notes that something was written to the spool.

        Args:
            urgent: Whether it must be at the remote within 10 s.
        """
        if os.getpid() != self._pid:
            return
        with self._changes:
            self._schedule.changed(self._clock(), urgent=urgent)
            self._changes.notify_all()

    def drain(self, timeout_s: float = _LAST_WAIT_S, *, all_closed: bool = False) -> bool:
        """Uploads what waits now. Returns whether the remote has everything.

        Args:
            timeout_s: Longest time to wait for a remote that hangs.
            all_closed: Whether nothing more will be written.
        """
        if os.getpid() != self._pid:
            return False
        done = threading.Event()

        def attempt() -> None:
            if self._attempt(all_closed):
                done.set()

        # in a thread, because a request may hang for longer than anybody wants to wait
        helper = threading.Thread(target=attempt, name="tb_inputdiag-last-upload", daemon=True)
        try:
            helper.start()
        except RuntimeError:  # Python ends and starts no more threads
            return False
        helper.join(timeout_s)
        return done.is_set()

    def _drain_all(self) -> bool:
        """Uploads all, with an outline of the last file. Should that file grow again, its outline does not count."""
        return self.drain(all_closed=True)

    def finish(self) -> None:
        """Ends the thread, uploads the rest and says what is where. May be called again."""
        if os.getpid() != self._pid or self._stopped:
            return
        with self._changes:
            self._stopped = True
            self._changes.notify_all()
        complete = self._drain_all()
        not_at_program_end(self._drain_all)
        spool, state = self._mirror.spool, self._mirror.state()
        url = redact(spool.url)
        if complete or not state.waiting:  # if it lacks only outlines, nothing is lost
            if self._verbose and state.files:
                text = f"Input diagnostics: the log is at {url} ({count(state.files, 'file')}, "
                text += f"{size_bytes(state.size_bytes)})."
                say(lambda width, color: text)
            # until then `InputDiagnostics.report` reads it
            spool.remove() if has_ended() else atexit.register(spool.remove)
        else:
            say_warning(
                f"{state.waiting} of {count(state.files, 'file')} of the log ({size_bytes(state.waiting_bytes)}) could "
                f"not be uploaded to {url}. Everything is in {spool.folder}. "
                f"Upload it later: tb-inputdiag sync {spool.folder}"
            )

    # ---- the thread

    def _run(self) -> None:
        while True:
            with self._changes:
                while not self._stopped and (wait := self._schedule.wait(self._clock())) != 0:
                    self._changes.wait(wait)
                if self._stopped:
                    return
            self._attempt(all_closed=False)

    def _attempt(self, all_closed: bool) -> bool:
        with self._busy:
            with self._changes:
                self._schedule.begin(self._clock())
            try:
                self._mirror.push(all_closed=all_closed)
            except Exception as error:  # of any kind: the thread must go on
                self._note_failure(error)
                return False
            with self._changes:
                self._schedule.succeeded()
            return True

    def _note_failure(self, error: Exception) -> None:
        with self._changes:
            self._schedule.failed(self._clock())
        if not self._warned:
            self._warned = True
            say_warning(
                f"the log cannot be uploaded ({str(error).rstrip('.')}). Training goes on, the log is kept in "
                f"{self._mirror.spool.folder}, and the upload is tried again."
            )
