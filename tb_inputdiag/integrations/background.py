"""Calls that may take long, in a thread of their own: a training step must not wait for a server."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

from tb_inputdiag.console import say_warning
from tb_inputdiag.program_end import at_program_end
from tb_inputdiag.urls import redact

__all__ = ["BackgroundCalls"]

_MOST_WAITING = 256
"""Calls that wait for a server; more are dropped."""
_LAST_WAIT_S = 15.0


class BackgroundCalls:
    """Calls functions one after the other, in order, in a daemon thread. The first failure is a warning.

    Args:
        receiver: Who is called, for the warning.
    """

    def __init__(self, receiver: str) -> None:
        self._receiver = receiver
        self._calls: queue.Queue[Callable[[], object]] = queue.Queue(_MOST_WAITING)
        self._pid = 0
        self._warned = False

    def add(self, call: Callable[[], object]) -> None:
        """Has a function called soon. Never raises."""
        if self._pid != os.getpid():  # the first call, or the first one in a forked process
            self._pid, self._calls = os.getpid(), queue.Queue(_MOST_WAITING)
            self._thread = threading.Thread(
                target=self._run, args=(self._calls,), name="tb_inputdiag-alerts", daemon=True
            )
            self._thread.start()
            at_program_end(self.wait)
        try:
            self._calls.put_nowait(call)
        except queue.Full:
            self._warn(f"{_MOST_WAITING} messages are waiting, so later ones are dropped")

    def wait(self, timeout_s: float = _LAST_WAIT_S) -> bool:
        """Waits until everything so far was called, or for a time. Returns whether it was."""
        if self._pid != os.getpid():
            return True
        done = threading.Event()
        try:
            self._calls.put(done.set, timeout=timeout_s)
        except queue.Full:
            return False
        return done.wait(timeout_s)

    def _run(self, calls: queue.Queue[Callable[[], object]]) -> None:
        while True:
            call = calls.get()
            try:
                call()
            except Exception as error:
                self._warn(f"{type(error).__name__}: {redact(str(error))}".rstrip("."))

    def _warn(self, reason: str) -> None:
        if not self._warned:
            self._warned = True
            say_warning(f"{self._receiver} did not receive an alert ({reason}). Training and recording go on.")
