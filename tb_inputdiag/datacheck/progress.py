"""How far a pass over a data set has come, on a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

from tb_inputdiag.numbers import duration, whole

__all__ = ["PassProgress"]

_WIDTH = 24
_BETWEEN_S = 0.1
_FIRST_AFTER_S = 0.3
"""A pass that takes no longer needs no line."""


class PassProgress:
    """A line on standard error with a bar and the time that is left, if standard error is a terminal.

    Args:
        what: What is read.
        unit: ``examples`` or ``batches``.
        shown: Whether to show it at all.
        stream: Where to write; None: standard error.
        clock: Returns seconds.
    """

    def __init__(
        self,
        what: str,
        unit: str,
        *,
        shown: bool = True,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._unit = what, unit
        self._stream = stream or sys.stderr
        self._clock = clock
        self._began = clock()
        self._next = self._began + _FIRST_AFTER_S
        self._drawn = False
        terminal = bool(getattr(self._stream, "isatty", lambda: False)())
        self._active = shown and terminal and os.environ.get("TERM") != "dumb"

    def update(self, done: int, total: int) -> None:
        """Draws the line, at most ten times a second.

        Args:
            done: Examples or batches that have been read.
            total: How many there are, as far as is known; 0: unknown.
        """
        now = self._clock()
        if not self._active or now < self._next:
            return
        self._next = now + _BETWEEN_S
        self._drawn = True
        self._stream.write("\r\x1b[K" + self._line(done, total, now - self._began))
        self._stream.flush()

    def _line(self, done: int, total: int, elapsed_s: float) -> str:
        if not total:
            return f"{self._what}: {whole(done)} {self._unit}, {duration(elapsed_s)}"
        share = min(done / total, 1.0)
        bar = "=" * int(share * _WIDTH)
        left = f", {duration(elapsed_s * (1 - share) / share)} left" if share else ""
        return f"{self._what} [{bar:<{_WIDTH}}] {share:4.0%} of {whole(total)} {self._unit}{left}"

    def finish(self) -> None:
        """Removes the line."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
