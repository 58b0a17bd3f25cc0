"""What the terminal can show: its width, colours, tables, small curves, progress."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import TextIO

import numpy as np
from numpy.typing import ArrayLike

from tb_inputdiag.numbers import whole
from tb_inputdiag.report.ansi import clean, paint

__all__ = ["Progress", "Terminal", "fit_width", "sparkline"]

_BARS = "▁▂▃▄▅▆▇█"
_MIN_NAME = 22
"""Names in a table are cut to this width before columns are left out."""


def _columns(text: str) -> int:
    """Returns how many columns a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def fit_width(text: str, width: int) -> str:
    """Returns the text cut in its middle to at most `width` columns: names differ at their ends."""
    if _columns(text) <= width:
        return text
    head = max((width - 3) // 2, 0)
    tail = max(width - 3 - head, 0)
    return (text[:head] + "..." + text[len(text) - tail :])[: max(width, 0)]


class Terminal:
    """Where output goes, and how wide and colourful it may be.

    Args:
        stream: Where to write.
        color: Use colours. None: if the stream is a terminal, and neither ``NO_COLOR`` nor ``TERM=dumb`` is set.
        width: Columns. None: those of the terminal; 80 without one.
    """

    def __init__(self, stream: TextIO, *, color: bool | None = None, width: int | None = None) -> None:
        self.stream = stream
        self.is_tty = bool(getattr(stream, "isatty", lambda: False)())
        if color is None:
            color = self.is_tty and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.color = color
        self._asked_width = width
        self.height = 24
        self.resize()
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
        self.unicode = encoding.startswith("utf")

    def resize(self) -> None:
        """Adopts the size that the terminal has now."""
        width = self._asked_width
        if width is None:
            width = shutil.get_terminal_size((80, 24)).columns if self.is_tty or os.environ.get("COLUMNS") else 80
            width = max(40, min(width, 160))
        self.width = width
        self.height = shutil.get_terminal_size((80, 24)).lines

    def print(self, text: str = "") -> None:
        """Writes lines. Characters that the stream's encoding lacks are replaced."""
        if not self.unicode:
            encoding = getattr(self.stream, "encoding", None) or "ascii"
            text = text.encode(encoding, "replace").decode(encoding)
        self.stream.write(text + "\n")

    def heading(self, text: str) -> None:
        """Writes a heading above the lines of one run."""
        self.print(self.style(f"── {clean(text)}", "strong"))

    def style(self, text: str, style: str) -> str:
        """Returns the text in a style of `report.ansi.COLOURS` if colours are on."""
        return paint(text, style, self.color)

    def table(
        self, header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1, drop: Sequence[str] = ()
    ) -> None:
        """Prints a table no wider than the terminal.

        Args:
            header: Names of the columns.
            rows: Cells. The first cell of each is a name. It is cut in its middle where the line is too long.
            left: Columns at the left that hold names. The others are aligned to the right.
            drop: Columns to leave out where cutting names is not enough, in this order. After them, those at the
                right go.
        """
        cells = [[clean(cell).replace("\n", " ") for cell in row] for row in rows]
        widths = [max(_columns(row[i]) for row in [list(header), *cells]) for i in range(len(header))]
        minimum = min(widths[0], _MIN_NAME)
        shown = list(range(len(header)))
        rank = [*(header.index(name) for name in drop), *reversed(range(2, len(header)))]
        for place in dict.fromkeys(rank):
            if sum(widths[i] for i in shown) - widths[0] + minimum + 2 * (len(shown) - 1) <= self.width:
                break
            shown.remove(place)
        spare = self.width - sum(widths[i] for i in shown) - 2 * (len(shown) - 1)
        if spare < 0:
            widths[0] = max(minimum, widths[0] + spare)
        self.print(self.style(self._row(list(header), widths, shown, left), "dim"))
        for row in cells:
            self.print(self._row(row, widths, shown, left))
        hidden = [header[i] for i in range(len(header)) if i not in shown]
        if hidden:
            note = textwrap.fill(f"(too narrow for {', '.join(hidden)}; --format json has all)", self.width)
            self.print(self.style(note, "dim"))

    @staticmethod
    def _row(cells: list[str], widths: list[int], shown: list[int], left: int) -> str:
        parts = []
        for i in shown:
            text = fit_width(cells[i], widths[i])
            space = " " * (widths[i] - _columns(text))
            parts.append(text + space if i < left else space + text)
        return "  ".join(parts).rstrip()


def sparkline(values: ArrayLike, width: int = 12, *, unicode: bool = True) -> str:
    """Returns a curve of the values in one line. Spikes are kept; stretches without a finite value are blank."""
    array = np.asarray(values, np.float64).reshape(-1)
    if not len(array) or width < 1 or not unicode:
        return ""
    buckets = np.array_split(array, min(width, len(array)))
    tops = np.array([part[np.isfinite(part)].max() if np.isfinite(part).any() else np.nan for part in buckets])
    finite = tops[np.isfinite(tops)]
    if not len(finite):
        return ""
    low, high = finite.min(), finite.max()
    with np.errstate(all="ignore"):
        scaled = (tops - low) / (high - low if high > low else 1.0)
    return "".join(" " if np.isnan(value) else _BARS[min(int(value * 8), 7)] for value in scaled)


class Progress:
    """A line on standard error that shows the progress of long work, if standard error is a terminal.

    Args:
        what: What is being done.
        total: Steps of the work; 0 if unknown.
        stream: Where to write; None: standard error.
    """

    def __init__(self, what: str, total: int, stream: TextIO | None = None) -> None:
        self._what = what
        self._total = total
        self._stream = stream or sys.stderr
        self._shown = -1
        self._active = bool(getattr(self._stream, "isatty", lambda: False)()) and os.environ.get("TERM") != "dumb"

    def update(self, done: int) -> None:
        """Shows the progress if it has changed by a percent."""
        if not self._active or not self._total:
            return
        percent = min(100 * done // self._total, 100)
        if percent != self._shown:
            self._shown = percent
            self._stream.write(f"\r{self._what}: {percent:3d} % of {whole(self._total)}")
            self._stream.flush()

    def finish(self) -> None:
        """Removes the line."""
        if self._active and self._shown >= 0:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
