"""Long series in bounded memory: neighbouring samples share a bucket that keeps their minimum, maximum and mean.

The buckets hold a power of two of samples, counted from the first one. When there are too many of them, pairs are
merged. So the buckets of two pyramids of the same series agree wherever their widths do, whatever the order and size of
the blocks that they were built from: a client that holds buckets can merge its own and go on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Buckets", "Pyramid"]

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Successive buckets. The arrays of values are ``[buckets, columns]``, NaN for unknown values."""

    width: int
    first: int
    step: I8
    last: I8
    wall: F8
    mean: F4
    min: F4
    max: F4
    bad: NDArray[np.bool_]
    """Whether the bucket holds a value that is not finite."""


class Pyramid:
    """Series of equal length that grow at the end.

    Args:
        columns: How many series.
        capacity: Most buckets kept; a power of two. At least half as many are kept once there are so many samples.
    """

    def __init__(self, columns: int, capacity: int) -> None:
        self.columns = columns
        self.capacity = capacity
        self.width = 1
        self.samples = 0
        self._step = np.zeros(capacity, np.int64)
        self._last = np.zeros(capacity, np.int64)
        self._wall = np.zeros(capacity, np.float64)
        self._min = np.full((capacity, columns), np.nan, np.float32)
        self._max = np.full((capacity, columns), np.nan, np.float32)
        self._sum = np.zeros((capacity, columns), np.float32)
        self._known = np.zeros((capacity, columns), np.int32)
        self._bad = np.zeros((capacity, columns), np.bool_)

    @property
    def buckets(self) -> int:
        """Buckets in use; the last one may not be full."""
        return -(-self.samples // self.width)

    @property
    def nbytes(self) -> int:
        """Memory that the arrays take."""
        return 24 * self.capacity + 17 * self.capacity * self.columns

    def widen(self, columns: int) -> None:
        """Adds series, whose values so far are unknown."""
        extra = columns - self.columns
        if extra <= 0:
            return
        for name, fill in (("_min", np.nan), ("_max", np.nan), ("_sum", 0), ("_known", 0), ("_bad", False)):
            old: NDArray[Any] = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.full((self.capacity, extra), fill, old.dtype)], axis=1))
        self.columns = columns

    def append(self, values: NDArray[np.floating[Any]], step: I8, wall: F8) -> None:
        """Adds samples.

        Args:
            values: ``[samples, columns]``. NaN: not known. Infinite: known not to be finite.
            step: ``[samples]``.
            wall: ``[samples]``.
        """
        n = len(step)
        if n == 0:
            return
        while self.samples + n > self.capacity * self.width:
            self._merge_pairs()
        ids = (self.samples + np.arange(n)) // self.width
        starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
        rows = ids[starts]
        if self.samples % self.width == 0:
            self._step[rows[0]], self._wall[rows[0]] = step[0], wall[0]
        self._step[rows[1:]], self._wall[rows[1:]] = step[starts[1:]], wall[starts[1:]]
        self._last[rows] = step[np.r_[starts[1:], n] - 1]
        values = values.astype(np.float32, copy=False)
        bad = np.isinf(values)
        finite = np.where(bad, np.float32(np.nan), values)
        known = np.isfinite(finite)
        self._min[rows] = np.fmin(self._min[rows], np.fmin.reduceat(finite, starts, axis=0))
        self._max[rows] = np.fmax(self._max[rows], np.fmax.reduceat(finite, starts, axis=0))
        # The mean of values near the end of float32 overflows to infinity, and is then shown as "not finite".
        with np.errstate(over="ignore"):
            self._sum[rows] += np.add.reduceat(np.where(known, finite, 0), starts, axis=0)
        self._known[rows] += np.add.reduceat(known, starts, axis=0, dtype=np.int32)
        self._bad[rows] |= np.logical_or.reduceat(bad, starts, axis=0)
        self.samples += n

    def _merge_pairs(self) -> None:
        half = self.capacity // 2
        self._step[:half], self._wall[:half] = self._step[::2], self._wall[::2]
        # With an odd number of buckets, the unused neighbour of the last one must not count.
        used = self.buckets
        if used % 2:
            self._last[used] = self._last[used - 1]
        self._last[:half] = self._last[1::2]
        self._min[:half] = np.fmin(self._min[::2], self._min[1::2])
        self._max[:half] = np.fmax(self._max[::2], self._max[1::2])
        self._sum[:half] = self._sum[::2] + self._sum[1::2]
        self._known[:half] = self._known[::2] + self._known[1::2]
        self._bad[:half] = self._bad[::2] | self._bad[1::2]
        self._min[half:], self._max[half:] = np.nan, np.nan
        self._sum[half:], self._known[half:], self._bad[half:] = 0, 0, False
        self.width *= 2

    def read(self, columns: list[int], points: int, *, have_width: int = 0, have: int = 0) -> Buckets:
        """Returns buckets of some series.

        Args:
            columns: Which series.
            points: Most buckets of the whole series: the width is chosen accordingly.
            have_width: Width of the buckets that the reader holds; 0: it holds none.
            have: How many full buckets of that width it holds. What it lacks is returned, in buckets at least as wide.
        """
        width = max(self.width, have_width)
        while -(-self.samples // width) > max(points, 1):
            width *= 2
        first = have * have_width // width
        ratio = width // self.width
        end = self.buckets
        begin = min(first * ratio, end)
        if have * have_width > self.samples:  # freed and being read again: not that far yet
            begin, first = end, have * have_width // width
        starts = np.arange(begin, end, ratio)
        pick = np.ix_(np.arange(begin, end), np.asarray(columns, np.intp))
        ends = np.minimum(starts + ratio, end) - 1
        at = starts - begin
        if len(starts) == 0:
            empty = np.zeros((0, len(columns)), np.float32)
            nothing = np.zeros(0, np.int64)
            return Buckets(width, first, nothing, nothing, np.zeros(0), empty, empty, empty, empty.astype(bool))
        known = np.add.reduceat(self._known[pick], at, axis=0)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            mean = np.add.reduceat(self._sum[pick], at, axis=0) / known
        return Buckets(
            width=width,
            first=first,
            step=self._step[starts],
            last=self._last[ends],
            wall=self._wall[starts],
            mean=mean.astype(np.float32),
            min=np.fmin.reduceat(self._min[pick], at, axis=0),
            max=np.fmax.reduceat(self._max[pick], at, axis=0),
            bad=np.logical_or.reduceat(self._bad[pick], at, axis=0),
        )
