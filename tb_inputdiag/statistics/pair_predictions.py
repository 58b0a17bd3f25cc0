"""The correlation of a prediction with its target, for models that compare two things.

Such a model predicts one number for each pair, such as a distance. The correlation over at most `MAX_EXAMPLES`
examples, -1..1, says whether pairs with the larger label get the larger number. NaN if all targets, or all predictions,
are equal. Pairs in which one of the two is not finite are left out. Replicas are added up: each takes its own means
away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.statistics.namespace import Array, Namespace, Shape

__all__ = ["MAX_EXAMPLES", "NUMBERS", "compares_pairs", "correlation", "is_single_number", "reduce", "reference"]

MAX_EXAMPLES = 1024
NUMBERS = ("target_squares", "prediction_squares", "products")
"""Sums over the examples, after the means were taken away."""
_NO_SPREAD = 1e-20
"""Most that the sum of squares of equal numbers can be: 1,024 numbers of about 1 are within 1e-12 of their mean."""


def compares_pairs(inputs: Sequence[Shape | None]) -> bool:
    """Returns whether inputs are pairs: two inputs of one shape, or one with an axis of two after the batch axis.

    Args:
        inputs: Static shapes with the batch axis. Inputs with a single value for each example, such as the ids of
            users and products, are not compared with each other.
    """
    wide = [shape[1:] for shape in inputs if shape is not None and _values(shape) != 1]
    return len(set(wide)) < len(wide) or (len(inputs) == 1 and any(len(s) > 1 and s[0] == 2 for s in wide))


def _values(shape: Shape) -> int:
    return math.prod(2 if size is None else size for size in shape[1:])


def is_single_number(shape: Shape | None) -> bool:
    """Returns whether a tensor has one number for each example: ``(batch,)`` or ``(batch, 1)``."""
    return shape is not None and len(shape) in (1, 2) and shape[1:] in ((), (1,))


def reduce(xp: Namespace, target: Array, prediction: Array) -> list[Array]:
    """Returns `NUMBERS` as float64 scalars.

    Args:
        xp: The backend's functions.
        target: ``[examples]`` or ``[examples, 1]``.
        prediction: The same.
    """
    y, p = (xp.reshape(xp.cast(x, "float64"), (-1,)) for x in (target, prediction))
    used = xp.is_finite(y) & xp.is_finite(p)
    weight = xp.cast(used, "float64")
    n = xp.maximum(xp.sum(weight), xp.constant(1.0, "float64"))
    y, p = (xp.where(used, x, xp.constant(0.0, "float64")) for x in (y, p))
    y, p = ((x - xp.sum(x) / n) * weight for x in (y, p))
    return [xp.sum(xp.square(y)), xp.sum(xp.square(p)), xp.sum(y * p)]


def correlation(target_squares: float, prediction_squares: float, products: float) -> float:
    """Returns the correlation from `NUMBERS`."""
    if not (target_squares > _NO_SPREAD and prediction_squares > _NO_SPREAD):
        return math.nan
    return products / math.sqrt(target_squares * prediction_squares)


def reference(target: NDArray[Any], prediction: NDArray[Any]) -> list[float]:
    """Returns `NUMBERS` by NumPy's own covariance."""
    y, p = (np.asarray(x, np.float64).ravel() for x in (target, prediction))
    used = np.isfinite(y) & np.isfinite(p)
    if not used.any():
        return [0.0, 0.0, 0.0]
    (yy, yp), (_, pp) = np.cov(y[used], p[used], ddof=0) * used.sum()
    return [float(yy), float(pp), float(yp)]
