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
RAW_WIDTH = 2 * N_QUANTILES + 1
"""The finite value above each quantile, that below it, and the place of the last finite value among all."""
DTYPE: Literal["float32"] = "float32"
ABSENT = (float("nan"),) * RAW_WIDTH

_LEVELS = np.linspace(0, 1, N_QUANTILES)
_FALLING = tuple(1 - _LEVELS)


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns the raw numbers of one tensor, as float32."""
    flat = flatten(xp, values.array)
    static = (xp.static_shape(flat) or (None,))[0]
    if static is None or static > MAX_ELEMENTS:
        flat = xp.take(flat, even_indices(xp, flat, MAX_ELEMENTS))
    flat = xp.cast(flat, "float32")
    zero, one = xp.constant(0.0, "float32"), xp.constant(1.0, "float32")
    kept, n = flat, xp.size(flat, "float32")
    if values.floating:
        finite = xp.is_finite(flat)
        kept = xp.where(finite, flat, xp.constant(-np.inf, "float32"))
        n = xp.sum(xp.cast(finite, "float32"))
    last = xp.maximum(n - one, zero)
    # Two infinities more at the end: there is something to gather from, also behind the last value. Falling, because
    # that is how the fastest op of TensorFlow sorts.
    falling = xp.largest(xp.concat([kept, xp.constant((-np.inf,) * 2, "float32")]), None)
    before = xp.floor(xp.constant(_FALLING, "float32") * last)
    neighbours = xp.take(falling, xp.cast(xp.concat([before, before + one]), "int32"))
    return xp.concat([neighbours, xp.stack([last])])


def finish(raw: F8) -> F8:
    """Returns the quantiles: values between neighbours."""
    high, low, last = raw[:N_QUANTILES], raw[N_QUANTILES:-1], raw[-1]
    # the same product as in `reduce`: to the last bit, so that the neighbours are those of this place
    place = np.asarray(_FALLING, np.float32)[:, None] * last.astype(np.float32)
    weight = (place - np.floor(place)).astype(np.float64)
    low = np.where(weight > 0, low, high)
    # weighted ends rather than high + weight * (low - high): the difference of two large values may overflow
    between = high * (1 - weight) + low * weight
    # rounding must not move it past its ends: the quantiles of equal values are equal
    between = np.clip(between, low, high)
    return np.where(np.isfinite(between), between, np.nan)


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
