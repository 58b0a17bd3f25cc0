"""The examples of a batch that hold the smallest and the largest finite value of a tensor, by their index.

`min_example` and `max_example` are NaN for tensors with more than `MAX_VALUES` values in an example, such as images,
and without finite values. Of several examples the first one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace, static_size
from tb_inputdiag.statistics.tensors import Values, as_reduced

MAX_VALUES = 1024
"""Rows of tables, windows, sequences of ids and labels are smaller."""

NAME = "extreme_examples"
NUMBERS = ("min_example", "max_example", "min", "max")
"""min and max of no finite values: +inf and -inf."""
WIDTH = RAW_WIDTH = len(NUMBERS)
DTYPE: Literal["float64"] = "float64"
ABSENT = (float("nan"),) * WIDTH


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def _size(layout: TensorLayout) -> int:
    """Returns the number of values in an example; 0 for tensors whose extremes are not looked up."""
    size = static_size(layout.shape[1:]) if layout.shape else None
    return size if layout.kind == "dense" and size is not None and size <= MAX_VALUES else 0


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns `NUMBERS` of one tensor."""
    size = _size(values.layout)
    if size == 0:
        return xp.constant(ABSENT, "float64")
    low, high = _of_examples(xp, xp.reshape(values.array, (-1, size)), values.floating)
    # one more, so that an empty batch has an example to choose
    dtype = xp.dtype(low)
    low = xp.concat([low, xp.constant((np.inf,), dtype)])
    high = xp.concat([high, xp.constant((-np.inf,), dtype)])
    examples = xp.stack([xp.argmax(-low), xp.argmax(high)])
    extremes = xp.stack([xp.min(low), xp.max(high)])
    known = xp.where(xp.is_finite(extremes), xp.cast(examples, "float64"), xp.constant(np.nan, "float64"))
    return xp.concat([known, xp.cast(extremes, "float64")])


def _of_examples(xp: Namespace, x: Array, floating: bool) -> tuple[Array, Array]:
    """Returns the smallest and the largest finite value of each example ``[batch, n]``."""
    low = high = x
    if floating:
        finite, dtype = xp.is_finite(x), xp.dtype(x)
        low = xp.where(finite, x, xp.constant(np.inf, dtype))
        high = xp.where(finite, x, xp.constant(-np.inf, dtype))
    if (xp.static_shape(x) or ())[-1] == 1:
        return xp.reshape(low, (-1,)), xp.reshape(high, (-1,))
    return xp.min(low, (1,)), xp.max(high, (1,))


finish = as_reduced


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns `NUMBERS` of the global batch: the examples of later replicas come after those of earlier ones."""
    tables = np.stack(parts)
    tables[:, :2] += np.cumsum([0, *batch_sizes[:-1]])[:, None, None]
    merged: F8 = tables[0].copy()
    for part in tables[1:]:
        for place, value, better in ((0, 2, np.less), (1, 3, np.greater)):
            wins = better(part[value], merged[value])
            merged[place, wins], merged[value, wins] = part[place, wins], part[value, wins]
    return merged


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns ``min_example`` and ``max_example``."""
    return {"min_example": numbers[0], "max_example": numbers[1]}


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the columns by NumPy."""
    found = {"min_example": np.nan, "max_example": np.nan}
    finite = np.isfinite(np.asarray(x, np.float64))
    if _size(layout) and finite.any():
        rows = np.where(finite, x, np.nan).astype(np.float64).reshape(len(x), -1)
        flat = rows.ravel()
        width = rows.shape[1]
        first, last = int(np.nanargmin(flat)) // width, int(np.nanargmax(flat)) // width
        found = {"min_example": first, "max_example": last}
    return {name: np.asarray(value, np.float64) for name, value in found.items()}
