"""Zeros, and the rows along the last axis: how many are one-hot, and what they sum up to.

`zero_fraction` is the fraction 0..1 of all values. `one_hot_fraction` is the fraction 0..1 of the rows that hold one
1 and else 0. `row_sum_min` and `row_sum_max` are the extremes of the rows' sums, in the unit of the values. The three
are NaN for a last axis shorter than 2, and without any row. The sums of rows that hold NaN or infinities are not
finite, and backends order NaN differently, so the extremes mean nothing then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.tensors import Values, as_reduced

NAME = "rows"
NUMBERS = ("count", "zero_count", "rows", "one_hot_rows", "row_sum_min", "row_sum_max")
WIDTH = len(NUMBERS)
RAW_WIDTH = WIDTH
DTYPE: Literal["float64"] = "float64"
ABSENT = (float("nan"),) * WIDTH


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns `NUMBERS` of one tensor."""
    v = values.array
    zero = xp.equals(v, 0)
    shape = xp.static_shape(v) or ()
    if len(shape) < 2 or shape[-1] in (0, 1):
        nothing, nan = xp.constant(0.0, "float64"), xp.constant(np.nan, "float64")
        return xp.stack([values.size, xp.count(zero), nothing, nothing, nan, nan])
    sums = xp.sum(v, (-1,))
    # float32 counts the zeros of a row exactly: none has 2**24 columns
    zeros = xp.sum(xp.cast(zero, "float32"), (-1,))
    others = (
        xp.length(v, -1, "float32") - xp.constant(1.0, "float32") if shape[-1] is None else _number(xp, shape[-1] - 1)
    )
    # all but one are 0, and that one is the sum
    one_hot = xp.equals(sums, 1) & xp.equal(zeros, others)
    extremes = [xp.cast(xp.min(sums), "float64"), xp.cast(xp.max(sums), "float64")]
    zero_count = xp.sum(xp.cast(zeros, "float64"))
    return xp.stack([values.size, zero_count, xp.size(sums, "float64"), xp.count(one_hot), *extremes])


def _number(xp: Namespace, value: float) -> Array:
    return xp.constant(float(value), "float32")


finish = as_reduced


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns `NUMBERS` of all parts together."""
    merged = np.sum(parts, 0)
    low, high = NUMBERS.index("row_sum_min"), NUMBERS.index("row_sum_max")
    merged[low] = np.min([part[low] for part in parts], 0)
    merged[high] = np.max([part[high] for part in parts], 0)
    return np.asarray(merged)


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns the columns of this module's docstring."""
    table = dict(zip(NUMBERS, numbers, strict=True))
    return {
        "zero_fraction": table["zero_count"] / table["count"],
        "one_hot_fraction": table["one_hot_rows"] / table["rows"],
        "row_sum_min": np.where(table["rows"] > 0, table["row_sum_min"], np.nan),
        "row_sum_max": np.where(table["rows"] > 0, table["row_sum_max"], np.nan),
    }


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the columns by NumPy."""
    wide = np.asarray(x, np.float64)
    found = {name: np.asarray(np.nan) for name in columns(np.zeros((WIDTH, 1)))}
    if wide.size:
        found["zero_fraction"] = np.asarray((wide == 0).mean())
    if wide.size and wide.ndim > 1 and wide.shape[-1] > 1:
        rows = wide.reshape(-1, wide.shape[-1])
        one_hot = (np.sort(rows, 1)[:, :-1] == 0).all(1) & (rows.max(1) == 1)
        found["one_hot_fraction"] = np.asarray(one_hot.mean())
        found["row_sum_min"], found["row_sum_max"] = np.asarray(rows.sum(1).min()), np.asarray(rows.sum(1).max())
    return found
