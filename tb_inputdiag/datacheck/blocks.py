"""Statistics of a stretch of values, column by column, in as few passes over the cache as NumPy allows.

The definitions are those of `statistics.tensors`. Its reductions are written for a batch inside a training step; over a
whole data set they take ten times as long as NumPy's own ``min``, ``max``, ``mean`` and ``std``. These take less than
those, because each stretch stays in the cache from the first pass to the last.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, I8
from tb_inputdiag.statistics.namespace import is_floating
from tb_inputdiag.statistics.pooling import Spread

__all__ = ["STRETCH", "ColumnBlock", "Workspace"]

STRETCH = 1 << 17
"""Values of a stretch: with two working copies in float32 they take 1.5 MB: they stay in a core's own cache."""
_LANES = 4096
"""Values that are reduced side by side: along the first axis of long rows, NumPy uses vector instructions."""
_NARROW = frozenset({"bool", "int8", "uint8", "int16", "uint16", "float16", "float32"})
"""Dtypes that float32 holds exactly."""

_Array = NDArray[Any]


class ColumnBlock(NamedTuple):
    """Statistics of a stretch of F columns, over finite values."""

    spread: Spread
    """``[F]`` each."""
    low: F8
    high: F8
    """``[F]``; +inf and -inf of no values."""
    nan_count: I8
    inf_count: I8
    """``[F]``"""
    negative_inf_count: int
    zero_count: int
    whole_count: int
    """Finite values that equal their rounded value."""


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
        self.rows = max(1, STRETCH // columns)
        """Rows of a stretch."""
        size = self.rows * columns
        self._values = np.empty(size, self._dtype)
        self._work = np.empty(size, self._dtype)
        self._flags = np.empty(size, bool)
        self._center: _Array | None = None

    def block(self, rows: _Array) -> ColumnBlock:
        """Returns the statistics of ``[n, columns]``, of at most `self.rows` rows in C order.

        Args:
            rows: The values; they are not changed.
        """
        with np.errstate(all="ignore"):
            values = self._as_numbers(rows)
            low, high = self._extremes(values)
            if self._floating and not (np.isfinite(low).all() and np.isfinite(high).all()):
                return self._with_gaps(values)
            if self._center is None:
                self._center = self._middle(values)
            sums, squares = self._deviations(values, self._center)
            if not np.isfinite(squares).all():
                return self._with_gaps(values)
            n = np.full(self._columns, float(len(values)))
            center = self._center.astype(np.float64)
            spread = Spread(n, center + sums / n, np.maximum(squares - sums * sums / n, 0.0))
            whole = self._whole(values) if self._floating else values.size
            zeros = np.zeros(self._columns, np.int64)
            return ColumnBlock(spread, low, high, zeros, zeros, 0, self._zeros(values, low, high), whole)

    def _as_numbers(self, rows: _Array) -> _Array:
        if rows.dtype == self._dtype and rows.flags.c_contiguous:
            return rows
        values = self._values[: rows.size].reshape(rows.shape)
        values[...] = rows
        return values

    def _folded(self, values: _Array) -> tuple[_Array, _Array]:
        """Returns the rows as fewer longer ones, and those that are left over."""
        lanes = max(1, min(_LANES // self._columns, len(values)))
        whole = len(values) // lanes * lanes
        return values[:whole].reshape(whole // lanes, lanes * self._columns), values[whole:]

    def _reduced(self, ufunc: np.ufunc, values: _Array) -> F8:
        """Returns ``[columns]``: the reduction along the rows, the last steps of it in float64."""
        folded, rest = self._folded(values)
        lanes = ufunc.reduce(folded, 0).reshape(-1, self._columns).astype(np.float64)
        found: F8 = ufunc.reduce(lanes, 0)
        return found if not len(rest) else ufunc(found, ufunc.reduce(rest.astype(np.float64), 0))

    def _extremes(self, values: _Array) -> tuple[F8, F8]:
        return self._reduced(np.minimum, values), self._reduced(np.maximum, values)

    def _middle(self, values: _Array) -> _Array:
        """Returns a value near each column's mean: squares of deviations from it do not cancel."""
        return (self._reduced(np.add, values) / len(values)).astype(self._dtype)

    def _deviations(self, values: _Array, center: _Array) -> tuple[F8, F8]:
        """Returns the sums of the deviations from `center` and of their squares, ``[columns]`` each."""
        work = self._work[: values.size].reshape(values.shape)
        folded, rest = self._folded(values)
        folded_work, rest_work = self._folded(work)
        np.subtract(folded, np.tile(center, folded.shape[1] // self._columns), out=folded_work)
        np.subtract(rest, center, out=rest_work)
        sums = self._reduced(np.add, work)
        np.multiply(work, work, out=work)
        return sums, self._reduced(np.add, work)

    def _zeros(self, values: _Array, low: F8, high: F8) -> int:
        if not ((low <= 0) & (high >= 0)).any():
            return 0
        flags = self._flags[: values.size].reshape(values.shape)
        return int(np.count_nonzero(np.equal(values, 0, out=flags)))

    def _whole(self, values: _Array) -> int:
        work = self._work[: values.size].reshape(values.shape)
        flags = self._flags[: values.size].reshape(values.shape)
        return int(np.count_nonzero(np.equal(np.rint(values, out=work), values, out=flags)))

    def _with_gaps(self, values: _Array) -> ColumnBlock:
        """Returns the statistics of values that are not all finite, or whose squares overflow."""
        wide = values.astype(np.float64)
        finite = np.isfinite(wide)
        nan_count = np.isnan(wide).sum(0)
        n = finite.sum(0).astype(np.float64)
        filled = np.where(finite, wide, 0.0)
        mean = filled.sum(0) / np.maximum(n, 1)
        m2 = (np.where(finite, wide - mean, 0.0) ** 2).sum(0)
        return ColumnBlock(
            spread=Spread(n, mean, m2),
            low=np.where(finite, wide, np.inf).min(0),
            high=np.where(finite, wide, -np.inf).max(0),
            nan_count=nan_count,
            inf_count=(len(wide) - n - nan_count).astype(np.int64),
            negative_inf_count=int(np.isneginf(wide).sum()),
            zero_count=int((wide == 0).sum()),
            whole_count=int((finite & (wide == np.rint(wide))).sum()),
        )
