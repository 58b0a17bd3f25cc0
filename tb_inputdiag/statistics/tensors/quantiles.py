"""Quantiles of the finite values at the probabilities 0, 1/32, ..., 1, in the unit of the values.

They are interpolated linearly between neighbours, and NaN without finite values. Of more than `MAX_ELEMENTS` values
evenly spaced ones are sorted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, N_QUANTILES, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.selection import even_indices, even_positions, flatten
from tb_inputdiag.statistics.tensors import Values

MAX_ELEMENTS = 4096
"""Sorting 4,096 values takes 0.2 ms on a CPU, and the error of a quantile of so large a sample is below 1 % of
probability (Dvoretzky-Kiefer-Wolfowitz: 0.02 at 96 % confidence)."""

NAME = "quantiles"
WIDTH = N_QUANTILES
DTYPE: Literal["float32"] = "float32"
ABSENT = (float("nan"),) * WIDTH

_LEVELS = np.linspace(0, 1, N_QUANTILES)


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns the quantiles of one tensor, as float32."""
    flat = flatten(xp, values.array)
    static = (xp.static_shape(flat) or (None,))[0]
    if static is None or static > MAX_ELEMENTS:
        flat = xp.take(flat, even_indices(xp, flat, MAX_ELEMENTS))
    flat = xp.cast(flat, "float32")
    zero, one = xp.constant(0.0, "float32"), xp.constant(1.0, "float32")
    finite = xp.is_finite(flat)
    last = xp.maximum(xp.sum(xp.cast(finite, "float32")) - one, zero)
    # One infinity more at the end: an empty tensor has something to gather from. Falling, because that is how the
    # fastest op of TensorFlow sorts.
    kept = xp.where(finite, flat, xp.constant(-np.inf, "float32"))
    falling = xp.largest(xp.concat([kept, xp.constant((-np.inf,), "float32")]), None)
    place = xp.constant(tuple(1 - _LEVELS), "float32") * last
    before = xp.floor(place)
    weight = place - before
    nearest = xp.cast(before, "int32")
    high = xp.take(falling, nearest)
    low = xp.take(falling, xp.minimum(nearest + xp.constant(1, "int32"), xp.cast(last, "int32")))
    # weighted ends rather than high + weight * (low - high): the difference of two large values may overflow
    between = high * (one - weight) + low * weight
    # rounding must not move it past its ends: the quantiles of equal values are equal
    between = xp.minimum(xp.maximum(between, low), high)
    return xp.where(xp.is_finite(between), between, xp.constant(np.nan, "float32"))


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns quantiles of the pooled quantiles: those of each replica are points of equal weight.

    This is an estimate, and the only merge that is not associative; the extremes are exact.
    """
    pooled = np.concatenate(parts)
    known = np.where(np.isfinite(pooled), pooled, np.nan)
    some = np.isfinite(pooled).any(0)
    merged = np.full(parts[0].shape, np.nan)
    if some.any():
        merged[:, some] = np.nanquantile(known[:, some], _LEVELS, axis=0)
    return merged


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns ``quantiles``, ``[T, N_QUANTILES]``."""
    return {"quantiles": numbers.T}


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the column by NumPy."""
    flat = np.asarray(x, np.float64).ravel()
    looked_at = flat[even_positions(flat.size, MAX_ELEMENTS)]
    finite = looked_at[np.isfinite(looked_at)]
    return {"quantiles": np.quantile(finite, _LEVELS) if finite.size else np.full(N_QUANTILES, np.nan)}
