"""What the values of sampled examples say of each column: quantiles, tails, what stands next to the extremes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F4, F8, I8, N_QUANTILES
from tb_inputdiag.statistics.selection import even_positions

__all__ = ["SortedColumns", "columns_of"]

_MOST_VALUES = 1 << 22
"""Values that are sorted, of all columns together."""
_TAIL = 0.0005
"""The share of the values that lies outside on either side."""
_TAIL_VALUES = 4
"""Values that lie outside at least."""


def columns_of(rows: NDArray[Any], axis: int | None, kept: I8) -> F8:
    """Returns ``[n, K]`` values of the columns `kept`, in rows that are evenly spaced among those of the sample.

    Args:
        rows: ``[examples, ...]``.
        axis: That of the columns; None: all values are one column.
        kept: Indices of columns.
    """
    flat = rows.reshape(-1, 1) if axis is None else np.moveaxis(rows, axis, -1).reshape(-1, rows.shape[axis])
    some = flat[even_positions(len(flat), max(1024, _MOST_VALUES // max(len(kept), 1)))]
    if len(kept) < some.shape[1]:
        some = some[:, kept]
    return np.asarray(some, np.float64)


class SortedColumns:
    """The columns of a sample, each sorted, with what is not finite left out.

    Args:
        values: ``[n, K]``; not changed.
    """

    def __init__(self, values: F8) -> None:
        finite = np.isfinite(values)
        # each column in one piece, which sorts faster; NaN comes last
        self._sorted = np.sort(np.where(finite, values, np.nan).T.copy(), 1).T
        self._n = finite.sum(0)

    def _at(self, level: float | F8) -> F8:
        """Returns ``[K]``: the quantile at a probability, interpolated linearly; NaN of no values."""
        if not len(self._sorted):
            return np.full(len(self._n), np.nan)
        place = level * np.maximum(self._n - 1, 0)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(self._n - 1, 0))
        weight = place - below
        columns = np.arange(len(self._n))
        low, high = self._sorted[below, columns], self._sorted[above, columns]
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
        values = self._sorted
        with np.errstate(invalid="ignore"):
            above, below = np.where(values > low, values, np.inf), np.where(values < high, values, -np.inf)
        low_next, high_next = above.min(0, initial=np.inf), below.max(0, initial=-np.inf)
        return (
            (values == low).sum(0),
            (values == high).sum(0),
            np.where(np.isfinite(low_next), low_next, np.nan),
            np.where(np.isfinite(high_next), high_next, np.nan),
        )
