"""How many examples a batch has of each class (for sequences and maps: positions).

Class ids outside of ``0 .. n_classes - 1`` are not counted. Rows of `n_classes` numbers (one-hot or probabilities) are
summed instead, over finite values. Of more than ``MAX_COMPARISONS / n_classes`` ids evenly spaced ones are counted, and
scaled up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, MAX_CLASSES, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace, Shape
from tb_inputdiag.statistics.selection import even_indices, even_positions, flatten
from tb_inputdiag.statistics.tensors import Values, as_reduced

MAX_COMPARISONS = 1 << 20
"""Ids times classes that are compared."""

NAME = "class_counts"
WIDTH = 1
RAW_WIDTH = WIDTH
DTYPE: Literal["float64"] = "float64"
ABSENT = (float("nan"),)


def number_of_classes(target: Shape, units: int | None, rank: int) -> int:
    """Returns the number of classes of a numeric target; 0 if it does not hold classes, or more than `MAX_CLASSES`.

    Args:
        target: Its shape with the batch axis.
        units: Last axis of the prediction.
        rank: Number of axes of the prediction.
    """
    if not target or not units or units > MAX_CLASSES:
        return 0
    sparse = len(target) < rank or target[-1] == 1
    if units == 1 or sparse:
        return max(units, 2)
    return units if len(target) == rank and target[-1] == units else 0


def places(layout: TensorLayout) -> int:
    """Returns the number of classes."""
    return layout.n_classes


def holds_rows(shape: Shape, layout: TensorLayout) -> bool:
    """Returns whether the last axis has a number for each class."""
    return len(shape) > 1 and shape[-1] == layout.n_classes


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns the count of each class in one tensor."""
    v, n_classes = values.array, values.layout.n_classes
    if holds_rows(xp.static_shape(v) or (), values.layout):
        rows = xp.reshape(v, (-1, n_classes))
        rows = xp.where(xp.is_finite(rows), rows, xp.constant(0, xp.dtype(rows)))
        return xp.cast(xp.sum(rows, (0,)), "float64")
    flat = flatten(xp, v)
    static, most = (xp.static_shape(flat) or (None,))[0], MAX_COMPARISONS // n_classes
    if static is None or static > most:
        flat = xp.take(flat, even_indices(xp, flat, most))
    # Comparisons rather than a bincount: XLA compiles the latter to a scatter that changes how it orders the step
    # around it, and with that the last bits of what the training step computes.
    classes = xp.constant(tuple(range(n_classes)), xp.dtype(flat))
    matches = xp.equal(xp.reshape(flat, (-1, 1)), classes)
    counts = xp.sum(xp.cast(matches, "float64"), (0,))
    return counts * (values.size / xp.maximum(xp.size(flat, "float64"), xp.constant(1.0, "float64")))


finish = as_reduced


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns the counts of all parts together."""
    return np.asarray(np.sum(parts, 0))


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns ``class_counts``, ``[C]``."""
    return {"class_counts": numbers[0]}


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the column by NumPy."""
    wide = np.asarray(x, np.float64)
    if layout.n_classes and holds_rows(wide.shape, layout):
        rows = wide.reshape(-1, layout.n_classes)
        return {"class_counts": np.nansum(np.where(np.isfinite(rows), rows, np.nan), 0)}
    flat = wide.ravel()
    ids = flat[even_positions(flat.size, MAX_COMPARISONS // max(layout.n_classes, 1))]
    scale = flat.size / ids.size if ids.size else 1.0
    return {"class_counts": np.asarray([float((ids == k).sum()) * scale for k in range(layout.n_classes)])}
