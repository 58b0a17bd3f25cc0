"""Columns that one huge value has squeezed to nothing, before they were scaled to its range."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import F8, LimitPicture, TensorView
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.scale import fed_source
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["SqueezedColumn", "SqueezedColumns", "squeezed_finding"]

_BATCHES = 32
"""Batches that are looked back on."""
_AGAIN = 2
"""Batches of either kind that there must be."""


class SqueezedColumn(NamedTuple):
    """A column whose values are nearly nothing, except for one.

    Attributes:
        column: Its index among the columns that are described.
        value: The value that is not.
        rest: The largest magnitude in batches without it.
        batches: Batches with the value.
        without: Batches without it.
    """

    column: int
    value: float
    rest: float
    batches: int
    without: int


class SqueezedColumns:
    """Compares the extremes of one input's columns between batches.

    In a column that was scaled with a huge value in it, the batches without that value spread over a range that is
    dozens of orders of magnitude smaller than with it, and is not 0. The batches without a rare flag are 0 throughout.

    Args:
        max_share: Largest part of the range with the value that the range without it may be.
    """

    def __init__(self, max_share: float) -> None:
        self._max_share = max_share
        self._seen: deque[tuple[F8, F8]] = deque(maxlen=_BATCHES)
        self._largest: F8 | None = None
        self._smallest: F8 | None = None

    def add(self, view: TensorView) -> SqueezedColumn | None:
        """Adds a batch, and returns a column that was squeezed; None without any."""
        low, high = view.feature_min.astype(np.float64), view.feature_max.astype(np.float64)
        width = high - low
        self._seen.append((low, high))
        not_zero = np.where(width > 0, width, np.inf)
        if self._largest is None or self._smallest is None:
            self._largest, self._smallest = width, not_zero
            return None
        self._largest = np.fmax(self._largest, width)
        self._smallest = np.fmin(self._smallest, not_zero)
        for column in np.flatnonzero(self._smallest < self._max_share * self._largest):
            found = self._judge(int(column))
            if found is not None:
                return found
        return None

    def _judge(self, column: int) -> SqueezedColumn | None:
        low, high = (np.array([ends[side][column] for ends in self._seen]) for side in (0, 1))
        size, width = np.fmax(np.abs(low), np.abs(high)), high - low
        small = (width > 0) & (size < self._max_share * size.max())
        large = size >= 0.5 * size.max()
        if small.sum() < _AGAIN or large.sum() < _AGAIN or not (small | large | (size == 0)).all():
            return None
        place = int(np.argmax(size))
        value = float(high[place] if abs(high[place]) >= abs(low[place]) else low[place])
        return SqueezedColumn(column, value, float(size[small].max()), int(large.sum()), int(small.sum()))


def squeezed_finding(context: Context, view: TensorView, found: SqueezedColumn, limit: float) -> Finding:
    """Returns the finding about a column that was squeezed.

    Args:
        context: Of the sample that is being judged.
        view: What the first trainable layer reads.
        found: The column.
        limit: For the picture: the smallest share of the huge value that its other values should reach.
    """
    source = fed_source(context, view) or view
    name, column = variable(source.name, "input", context.facts), view.layout.features[found.column]
    index = f"{name}[..., {column}]"
    return Finding(
        subject=f"input:{source.name}",
        message=f"Column {column} of '{source.name}' holds {format_number(found.value)} in some batches, and in "
        f"others nothing above {format_number(found.rest)}: a huge value was in it when it was scaled.",
        evidence={
            "value": found.value,
            "rest": found.rest,
            "column": column,
            "batches": found.batches,
            "batches_without": found.without,
            "layer": view.layout.layer,
        },
        fix=f"# before any scaling; np.nan_to_num makes 3.4e38 of an infinity\n"
        f"huge = ~(np.abs({index}) < 1e9)\n"
        f"{index}[huge] = np.median({index}[~huge])",
        picture=LimitPicture(
            label=f"largest value of column {column} without the huge one, as a part of it",
            value=found.rest / abs(found.value),
            limit=limit,
            bound="at least",
        ),
        curves=tensor_curves(context, view),
    )
