"""All values of one tensor of a data set, as they come by: counts, moments, extremes and where they are."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.datacheck.blocks import STRETCH, ColumnBlock, Workspace
from tb_inputdiag.records import F8, I8, Role, ShapeCount, TensorLayout
from tb_inputdiag.statistics.pooling import Spread, pooled
from tb_inputdiag.statistics.tensors.features import with_features

__all__ = ["MAX_EXAMPLES_LISTED", "RowSums", "TensorTally"]

MAX_EXAMPLES_LISTED = 1 << 16
"""Examples that are listed of those with NaN, of copies and of overlaps."""
_MAX_WIDTH = 1 << 16
"""Columns that are followed one by one. A wider table is described as a whole."""
_MAX_SHAPES = 64
_SHORT = 4
"""Values of rows that are added column by column."""

_Array = NDArray[Any]


class RowSums(NamedTuple):
    """The rows along the last axis, see `statistics.tensors.rows`."""

    rows: int = 0
    one_hot: int = 0
    low: float = np.inf
    high: float = -np.inf

    def plus(self, other: RowSums) -> RowSums:
        """Returns those of both together."""
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)  # NaN stays NaN
        return RowSums(self.rows + other.rows, self.one_hot + other.one_hot, float(low), float(high))


class TensorTally:
    """Statistics of one numeric tensor over all examples.

    Args:
        name: Its name.
        role: What it is to the model.
        first: Its first batch, for dtype, shape and columns.
        columns: Names of the columns, if they have any.
    """

    def __init__(self, name: str, role: Role, first: _Array, columns: tuple[str, ...] = ()) -> None:
        shape = (None, *first.shape[1:])
        self.layout = with_features(TensorLayout(name=name, role=role, shape=shape, dtype=first.dtype.name))
        self.column_names = columns
        axis = self.layout.feature_axis
        size = first.shape[axis] if axis is not None else 1
        self.axis = axis if 0 < size <= _MAX_WIDTH else None
        """The axis of the columns; None: all values are one column."""
        self.width = size if self.axis is not None else 1
        self.shapes: dict[tuple[tuple[int, ...], str], list[int]] = {}
        """Shape and dtype -> how many examples, and the first of them."""
        self.examples = 0
        self.spread = Spread(np.zeros(self.width), np.zeros(self.width), np.zeros(self.width))
        self.low, self.high = np.full(self.width, np.inf), np.full(self.width, -np.inf)
        self.low_example = np.zeros(self.width, np.int64)
        self.high_example = np.zeros(self.width, np.int64)
        self.nan_count, self.inf_count = np.zeros(self.width, np.int64), np.zeros(self.width, np.int64)
        self.counts: Counter[str] = Counter()
        """``negative_inf``, ``zero``, ``whole``: values of all columns together; ``bad``: examples that are not
        finite."""
        self.row_sums = RowSums()
        self.bad: list[I8] = []
        self.rows: _Array | None = None
        """Examples to take quantiles of, where these are not the sampled ones of the data set."""
        self._workspaces: dict[np.dtype[Any], Workspace] = {}

    def add(self, values: _Array, start: int) -> None:
        """Adds a batch.

        Args:
            values: ``[n, ...]``. It may differ from the first one in shape and dtype.
            start: Index of its first example.
        """
        n = len(values)
        if not n:
            return
        self.examples += n
        known = self.shapes.setdefault((values.shape[1:], values.dtype.name), [0, start])
        known[0] += n
        known[1] = min(known[1], start)
        if not values.size:
            return
        if self.axis is None:
            self._add_rows(values.reshape(-1, 1), values[0].size, start)
        elif values.ndim == len(self.layout.shape or ()) and values.shape[self.axis] == self.width:
            if self.axis != values.ndim - 1:
                self._add_row_sums(values)
                values = np.moveaxis(values, self.axis, -1)
            rows = np.ascontiguousarray(values).reshape(-1, self.width)
            self._add_rows(rows, len(rows) // n, start)
        # columns that do not fit are only counted among the shapes

    def _add_row_sums(self, values: _Array) -> None:
        """Adds the rows along the last axis where that is not the one of the columns."""
        rows = values.reshape(-1, values.shape[-1])
        step = max(1, STRETCH // max(values.shape[-1], 1))
        for first in range(0, len(rows) if values.shape[-1] > 1 else 0, step):
            self.row_sums = self.row_sums.plus(_row_sums(rows[first : first + step]))

    def _workspace(self, dtype: np.dtype[Any]) -> Workspace:
        found = self._workspaces.get(dtype)
        if found is None:
            found = self._workspaces[dtype] = Workspace(dtype, self.width)
        return found

    def _add_rows(self, rows: _Array, per_example: int, start: int) -> None:
        """Adds ``[n, width]``, of which each example has `per_example` rows."""
        block = self._workspace(rows.dtype).block(rows, self.low, self.high)
        self.spread = pooled([self.spread, block.spread])
        # a column that has no finite value in this batch keeps what it has
        for better, place, row in (
            (block.low < self.low, self.low_example, block.low_row),
            (block.high > self.high, self.high_example, block.high_row),
        ):
            np.copyto(place, start + row // per_example, where=better)
        np.minimum(self.low, block.low, out=self.low)
        np.maximum(self.high, block.high, out=self.high)
        self._see_counts(rows, block, start, per_example)
        if self.width > 1 and self.axis == len(self.layout.shape or ()) - 1:
            self._add_row_sums(rows)

    def _see_counts(self, rows: _Array, block: ColumnBlock, start: int, per_example: int) -> None:
        self.counts["negative_inf"] += block.negative_inf_count
        self.counts["zero"] += block.zero_count
        self.counts["whole"] += block.whole_count
        if not (block.nan_count.any() or block.inf_count.any()):
            return
        self.nan_count += block.nan_count
        self.inf_count += block.inf_count
        bad = start + np.unique(np.flatnonzero(~np.isfinite(rows).all(1)) // per_example)
        self.counts["bad"] += len(bad)
        room = MAX_EXAMPLES_LISTED - sum(map(len, self.bad))
        self.bad.append(bad[: max(room, 0)])

    @property
    def bad_examples(self) -> I8:
        """The first examples that hold NaN or infinities, in order."""
        found = np.concatenate([np.zeros(0, np.int64), *self.bad])
        return np.sort(found)[:MAX_EXAMPLES_LISTED]

    @property
    def shape_counts(self) -> tuple[ShapeCount, ...]:
        """The shapes and dtypes that came, the most frequent first."""
        found = [
            ShapeCount(shape=shape, dtype=dtype, examples=examples, first=first)
            for (shape, dtype), (examples, first) in self.shapes.items()
        ]
        return tuple(sorted(found, key=lambda item: (-item.examples, item.first)))[:_MAX_SHAPES]

    @property
    def std(self) -> F8:
        """Population standard deviation of each column."""
        with np.errstate(all="ignore"):
            return np.asarray(np.sqrt(self.spread.m2 / self.spread.n))

    def merge(self, other: TensorTally) -> None:
        """Adds what another tally saw of later examples of the same tensor.

        Raises:
            ValueError: if the other one has other columns.
        """
        if (self.width, self.axis) != (other.width, other.axis):
            raise ValueError(
                f"Shards of '{self.layout.name}' must have the same columns. Received: {self.layout.shape} and "
                f"{other.layout.shape}."
            )
        self.examples += other.examples
        for key, (examples, first) in other.shapes.items():
            known = self.shapes.setdefault(key, [0, first])
            known[0] += examples
            known[1] = min(known[1], first)
        self.spread = pooled([self.spread, other.spread])
        self.low_example = np.where(other.low < self.low, other.low_example, self.low_example)
        self.high_example = np.where(other.high > self.high, other.high_example, self.high_example)
        self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        self.nan_count, self.inf_count = self.nan_count + other.nan_count, self.inf_count + other.inf_count
        self.counts.update(other.counts)
        self.row_sums = self.row_sums.plus(other.row_sums)
        self.bad += other.bad

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_workspaces": {}}


def _row_sums(rows: _Array) -> RowSums:
    dtype = np.float64 if rows.dtype.itemsize > 4 or rows.dtype.name in ("int32", "uint32") else np.float32
    values = rows.astype(dtype, copy=False)
    width = values.shape[1]
    # BLAS takes three times as long for very short rows
    sums = sum(values.T[1:], values[:, 0]) if width <= _SHORT else values @ np.ones(width, dtype)
    ones = np.flatnonzero(sums == 1)
    one_hot = 0
    if len(ones):
        candidates = values[ones]
        one_hot = int(((candidates != 0).sum(1) == 1).sum())
    return RowSums(len(rows), one_hot, float(sums.min()), float(sums.max()))
