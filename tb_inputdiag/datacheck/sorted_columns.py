"""What the values of sampled examples say of each column: quantiles, tails, what stands next to the extremes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F4, F8, I8, N_QUANTILES
from tb_inputdiag.statistics.selection import even_positions

__all__ = ["SortedColumns", "columns_of", "in_order"]

_MOST_VALUES = 1 << 22
"""Values that are sorted, of all columns together."""
_ENOUGH_ROWS = 1 << 15
"""Rows that are enough where each example has several: pixels beside each other are alike."""
_SORTED_AS_THEY_ARE = frozenset({"int8", "uint8", "int16", "uint16", "float32"})
"""Dtypes that are sorted faster than float64, which holds their values exactly."""
_TAIL = 0.0005
"""The share of the values that lies outside on either side."""
_TAIL_VALUES = 4
"""Values that lie outside at least."""


def _sortable(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.dtype.name in _SORTED_AS_THEY_ARE else np.asarray(values, np.float64)


def in_order(values: NDArray[Any]) -> NDArray[Any]:
    """Returns numbers sorted along the last axis, NaN last: as float64, or in a dtype that is exact and faster.

    Args:
        values: ``[..., n]``; not changed.
    """
    kept = _sortable(values)
    # of 8 and 16 bits, a radix sort
    return np.sort(kept, -1, kind="stable" if kept.itemsize <= 2 else None)


def columns_of(rows: NDArray[Any], axis: int | None, kept: I8, *, complete: bool) -> NDArray[Any]:
    """Returns ``[n, K]`` values of the columns `kept`, in rows that are evenly spaced among those of the sample.

    Args:
        rows: ``[examples, ...]``.
        axis: That of the columns; None: all values are one column.
        kept: Indices of columns.
        complete: Whether these are all examples: then all values are taken, if they are not too many.
    """
    flat = rows.reshape(-1, 1) if axis is None else np.moveaxis(rows, axis, -1).reshape(-1, rows.shape[axis])
    most = _MOST_VALUES // max(len(kept), 1)
    if not complete:
        most = min(most, max(len(rows), _ENOUGH_ROWS))
    some = flat[even_positions(len(flat), max(1024, most))]
    if len(kept) < some.shape[1]:
        some = some[:, kept]
    return _sortable(some)


class SortedColumns:
    """The columns of a sample, each sorted, with what is not finite left out.

    Args:
        values: ``[n, K]`` numbers; not changed.
    """

    def __init__(self, values: NDArray[Any]) -> None:
        # each column in one piece, which sorts faster
        columns = np.ascontiguousarray(values.T)
        finite = np.isfinite(columns)
        self._sorted = in_order(columns if finite.all() else np.where(finite, columns, np.nan))
        self._n = np.count_nonzero(finite, 1)

    def _at(self, level: float | F8) -> F8:
        """Returns ``[K]``: the quantile at a probability, interpolated linearly; NaN of no values."""
        if not self._sorted.shape[1]:
            return np.full(len(self._n), np.nan)
        place = level * np.maximum(self._n - 1, 0)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(self._n - 1, 0))
        weight = place - below
        columns = np.arange(len(self._n))
        low, high = self._sorted[columns, below], self._sorted[columns, above]
        return np.asarray(np.clip(low * (1 - weight) + high * weight, low, high))

    def quantiles(self) -> F4:
        """Returns ``[K, N_QUANTILES]``."""
        levels = np.linspace(0, 1, N_QUANTILES)
        return np.stack([self._at(float(level)) for level in levels], 1).astype(np.float32)

    def tail(self) -> F8:
        """Returns ``[K]``: the distance from the median that all but the outermost values keep."""
        middle, outside = self._at(0.5), np.clip(_TAIL_VALUES / np.maximum(self._n, 1), _TAIL, 0.5)
        return np.asarray(np.maximum(middle - self._at(outside), self._at(1 - outside) - middle))

    def at_extremes(self, low: F8, high: F8) -> tuple[I8, I8, F8, F8]:
        """Returns how many values equal the smallest and the largest one of all, and the values next to those."""
        columns = self._sorted
        with np.errstate(invalid="ignore"):
            lows, highs = low.astype(columns.dtype), high.astype(columns.dtype)
        if not ((lows == low) & (highs == high)).all():  # other batches have another dtype
            columns, lows, highs = columns.astype(np.float64), low, high
        found = np.full((2, len(self._n)), np.nan)
        counts = np.zeros((2, len(self._n)), np.int64)
        for i, (column, n) in enumerate(zip(columns, self._n, strict=True)):
            finite = column[:n]
            first, above = np.searchsorted(finite, lows[i]), np.searchsorted(finite, lows[i], "right")
            below, last = np.searchsorted(finite, highs[i]), np.searchsorted(finite, highs[i], "right")
            counts[:, i] = above - first, last - below
            found[0, i] = finite[above] if above < n else np.nan
            found[1, i] = finite[below - 1] if below > 0 else np.nan
        return counts[0], counts[1], found[0], found[1]
