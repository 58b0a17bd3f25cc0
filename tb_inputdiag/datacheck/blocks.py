"""Statistics of a batch, column by column, in as few passes over the cache as NumPy allows.

The definitions are those of `statistics.tensors`. Its reductions are written for a batch inside a training step. Over a
whole data set they take ten times as long as NumPy's ``min``, ``max``, ``mean`` and ``std``. Here a batch is cut into
stretches that stay in the cache from the first pass to the last. A stretch is reduced to lanes, many short columns side
by side, and the lanes of all stretches become one number for each column at the end of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, I8
from tb_inputdiag.statistics.namespace import is_floating
from tb_inputdiag.statistics.pooling import Spread, pooled

__all__ = ["STRETCH", "ColumnBlock", "Workspace"]

STRETCH = 1 << 17
"""Values of a stretch: with two working copies in float32 they take 1.5 MB: they stay in a core's own cache."""
_LANES = 2048
"""Values that are reduced side by side: along the first axis of long rows, NumPy uses vector instructions."""
_NARROW = frozenset({"bool", "int8", "uint8", "int16", "uint16", "float16", "float32"})
"""Dtypes that float32 holds exactly."""

_Array = NDArray[Any]


class ColumnBlock(NamedTuple):
    """Statistics of the F columns of a batch, over finite values."""

    spread: Spread
    """``[F]`` each."""
    low: F8
    high: F8
    """``[F]``; +inf and -inf of no values."""
    low_row: I8
    high_row: I8
    """``[F]``: the first row that holds the smallest and the largest value, of columns that were asked for."""
    nan_count: I8
    inf_count: I8
    """``[F]``"""
    negative_inf_count: int
    zero_count: int
    whole_count: int
    """Finite values that equal their rounded value."""


class _Gaps(NamedTuple):
    """Statistics of a stretch whose values are not all finite, or whose squares overflow."""

    spread: Spread
    nan_count: I8
    inf_count: I8
    negative_inf_count: int


@dataclass
class _Lanes:
    """What the stretches of a batch were reduced to."""

    stretches: list[_Array] = field(default_factory=list)
    lows: list[_Array] = field(default_factory=list)
    highs: list[_Array] = field(default_factory=list)
    """``[lanes * F]`` for each stretch, in the order of the rows."""
    sums: list[_Array] = field(default_factory=list)
    squares: list[_Array] = field(default_factory=list)
    """The same of those without gaps: deviations from the center, and their squares."""
    rows: int = 0
    """Rows of these."""
    gaps: list[_Gaps] = field(default_factory=list)
    zero_count: int = 0
    whole_count: int = 0


class Workspace:
    """Arrays that are used again for every stretch.

    Args:
        dtype: Of the values that will come.
        columns: Number of columns.
    """

    def __init__(self, dtype: np.dtype[Any], columns: int) -> None:
        self._dtype = np.dtype(np.float32 if dtype.name in _NARROW or dtype.name == "bfloat16" else np.float64)
        self._floating = is_floating(dtype.name)
        self._columns = columns
        self._lanes = max(1, _LANES // columns)
        self._rows = max(1, STRETCH // columns // self._lanes) * self._lanes
        size = self._rows * columns
        self._values = np.empty(size, self._dtype)
        self._work = np.empty(size, self._dtype)
        self._flags = np.empty(size, bool)
        self._center: _Array | None = None
        """``[lanes * F]``: a value near the mean of each column, again and again."""

    def block(self, rows: _Array, low: F8, high: F8) -> ColumnBlock:
        """Returns the statistics of a batch.

        Args:
            rows: ``[n, F]`` in C order; not changed.
            low: ``[F]``: the rows of smaller values are looked for,
            high: and of larger ones.
        """
        lanes = _Lanes()
        with np.errstate(all="ignore"):
            for stretch in self._stretches(rows):
                self._reduce(stretch, lanes)
            return self._together(lanes, low, high)

    def _stretches(self, rows: _Array) -> Iterator[_Array]:
        whole = len(rows) // self._lanes * self._lanes
        for first in range(0, whole, self._rows):
            yield rows[first : min(first + self._rows, whole)]
        if whole < len(rows):
            yield rows[whole:]

    def _reduce(self, stretch: _Array, into: _Lanes) -> None:
        """Reduces a stretch; the last one of a batch may be shorter than the lanes are many."""
        into.stretches.append(stretch)
        if len(stretch) < self._lanes:
            self._with_gaps(stretch, into)
            return
        values = self._as_numbers(stretch)
        if self._center is None:
            middle = np.add.reduce(values, 0).reshape(-1, self._columns).sum(0, dtype=np.float64) / len(stretch)
            self._center = np.tile(middle.astype(self._dtype), self._lanes)
        low, high = np.minimum.reduce(values, 0), np.maximum.reduce(values, 0)
        work = self._work[: values.size].reshape(values.shape)
        np.subtract(values, self._center, out=work)
        # one pass, where a product and its sum take two
        squares = np.einsum("ij,ij->j", work, work)
        if not np.isfinite(squares).all():
            self._with_gaps(stretch, into)
            return
        into.lows.append(low)
        into.highs.append(high)
        into.sums.append(np.add.reduce(work, 0))
        into.squares.append(squares)
        into.rows += len(stretch)
        whole = self._count_whole(values, work) if self._floating else values.size
        into.whole_count += whole
        if whole:
            into.zero_count += self._count_zeros(values, low, high)

    def _as_numbers(self, rows: _Array) -> _Array:
        """Returns the rows of a stretch as fewer longer ones, ``[n, lanes * F]``."""
        shape = (-1, self._lanes * self._columns)
        if rows.dtype == self._dtype and rows.flags.c_contiguous:
            return rows.reshape(shape)
        values = self._values[: rows.size].reshape(rows.shape)
        values[...] = rows
        return values.reshape(shape)

    def _count_zeros(self, values: _Array, low: _Array, high: _Array) -> int:
        if low.min() > 0 or high.max() < 0:
            return 0
        return int(np.count_nonzero(np.equal(values, 0, out=self._flags[: values.size].reshape(values.shape))))

    def _count_whole(self, values: _Array, work: _Array) -> int:
        flags = self._flags[: values.size].reshape(values.shape)
        return int(np.count_nonzero(np.equal(np.rint(values, out=work), values, out=flags)))

    def _with_gaps(self, stretch: _Array, into: _Lanes) -> None:
        """Reduces values that are not all finite, whose squares overflow, or that do not fill the lanes."""
        wide = stretch.astype(np.float64)
        finite = np.isfinite(wide)
        nan_count = np.isnan(wide).sum(0)
        n = finite.sum(0).astype(np.float64)
        mean = np.where(finite, wide, 0.0).sum(0) / np.maximum(n, 1)
        m2 = (np.where(finite, wide - mean, 0.0) ** 2).sum(0)
        inf_count = (len(wide) - n - nan_count).astype(np.int64)
        into.gaps.append(_Gaps(Spread(n, mean, m2), nan_count, inf_count, int(np.isneginf(wide).sum())))
        into.lows.append(np.tile(np.where(finite, wide, np.inf).min(0), self._lanes))
        into.highs.append(np.tile(np.where(finite, wide, -np.inf).max(0), self._lanes))
        into.zero_count += int((wide == 0).sum())
        into.whole_count += int((finite & (wide == np.rint(wide))).sum())

    def _together(self, lanes: _Lanes, low: F8, high: F8) -> ColumnBlock:
        lows, highs = self._side_by_side(lanes.lows).min(-1), self._side_by_side(lanes.highs).max(-1)
        found_low, found_high = lows.min(0).astype(np.float64), highs.max(0).astype(np.float64)
        none = np.zeros(self._columns, np.int64)
        gaps = lanes.gaps
        return ColumnBlock(
            spread=pooled([*self._spread(lanes), *(item.spread for item in gaps)]),
            low=found_low,
            high=found_high,
            low_row=self._rows_of(lanes.stretches, lows.argmin(0), found_low, found_low < low),
            high_row=self._rows_of(lanes.stretches, highs.argmax(0), found_high, found_high > high),
            nan_count=sum((item.nan_count for item in gaps), none),
            inf_count=sum((item.inf_count for item in gaps), none),
            negative_inf_count=sum(item.negative_inf_count for item in gaps),
            zero_count=lanes.zero_count,
            whole_count=lanes.whole_count,
        )

    def _side_by_side(self, parts: list[_Array]) -> _Array:
        """Returns ``[parts, F, lanes]``: reductions are fast along the last axis."""
        stacked = np.stack(parts).reshape(-1, self._lanes, self._columns)
        return np.ascontiguousarray(stacked.swapaxes(1, 2))

    def _spread(self, lanes: _Lanes) -> Iterator[Spread]:
        if self._center is None or not lanes.rows:
            return
        sums, squares = (
            self._side_by_side([np.add.reduce(np.stack(parts), 0, dtype=np.float64)])[0].sum(-1)
            for parts in (lanes.sums, lanes.squares)
        )
        n = float(lanes.rows)
        center = self._center[: self._columns].astype(np.float64)
        yield Spread(np.full(self._columns, n), center + sums / n, np.maximum(squares - sums * sums / n, 0.0))

    def _rows_of(self, stretches: list[_Array], which: I8, values: F8, wanted: NDArray[np.bool_]) -> I8:
        """Returns the first row that holds the value of each column that is wanted.

        Args:
            stretches: The rows of the batch.
            which: ``[F]``: the stretch that holds it.
            values: ``[F]``
            wanted: ``[F]``
        """
        found = np.zeros(self._columns, np.int64)
        starts = np.cumsum([0, *map(len, stretches)])
        for column in np.flatnonzero(wanted):
            stretch = stretches[which[column]][:, column]
            # as they were compared: 64 bits of an integer do not fit into float64
            same = stretch.astype(self._dtype, copy=False) == values[column].astype(self._dtype)
            found[column] = starts[which[column]] + same.argmax()
        return found
