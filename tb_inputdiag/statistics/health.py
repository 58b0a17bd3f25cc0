"""Counts of a floating array's values by kind: NaN, infinities, zeros.

The statistics of gradients, weights and activations share these numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8
from tb_inputdiag.statistics.namespace import Array, Namespace, static_size

__all__ = ["KINDS", "UNKNOWN", "Counts", "at_least_one_elsewhere", "counts", "half_squares", "mean_of_all", "reduce"]

KINDS = (
    "tensor_id",
    "device_id",
    "dtype",
    "rank",
    "count",
    "negative_inf",
    "positive_inf",
    "nan",
    "negative",
    "zero",
    "positive",
)
"""As TensorFlow's `DebugNumericSummaryV2` returns them with ``tensor_debug_mode=4``: its result is used as it is."""
UNKNOWN = (0.0,) * len(KINDS)
"""Of an array that is not there."""

_SMALL = 1 << 12
"""Values that are counted by a single operation, in 30 microseconds."""
_OVERFLOWS = 1e30
"""Values of this size may have a sum that float32 does not hold."""


def reduce(xp: Namespace, x: Array, proof: Array, zeros: bool = True) -> Array:
    """Returns ``float64[len(KINDS)]`` of a floating array.

    A small array is counted by a single operation where the backend has one. That has one thread and a branch for each
    kind of value, so larger ones are counted three times as fast by several operations. Those leave the count of
    negative and positive numbers at 0, and may count all that is not finite as NaN.

    Args:
        xp: The backend's functions.
        x: The array.
        proof: A scalar that is finite only if all of `x` is, such as its mean: what is not finite is counted only if
            this is not.
        zeros: Whether to count zeros of a larger array.
    """
    n = static_size(xp.static_shape(x))
    if n is not None and n <= _SMALL and (known := xp.counts_by_kind(x)) is not None:
        return known
    nothing, count = xp.constant(0.0, "float64"), xp.size(x, "float64")
    found = {"count": count}
    looked_at = x if xp.needs_static_sizes() else xp.all_unless(x, xp.is_finite(proof))
    kinds = xp.counts_by_kind(looked_at)
    if kinds is None:
        found["nan"] = xp.count(~xp.is_finite(looked_at))
    if zeros:
        # the fraction first: a count in float64 takes twice the time
        found["zero"] = xp.round(xp.cast(xp.fraction(xp.equals(x, 0.0)), "float64") * count)
    numbers = xp.stack([found.get(name, nothing) for name in KINDS])
    return numbers if kinds is None else xp.maximum(numbers, kinds)


def half_squares(xp: Namespace, x: Array) -> Array:
    """Returns half the sum of squares of a floating array as a float32 scalar."""
    return xp.cast(xp.half_squares(x), "float32")


def mean_of_all(xp: Namespace, x: Array) -> Array:
    """Returns the mean of a floating array as a float32 scalar: it is not finite if any value is not."""
    # a sum of float16 overflows early; bfloat16 has the range of float32
    return xp.cast(xp.mean(xp.cast(x, "float32") if xp.dtype(x) == "float16" else x), "float32")


class Counts(NamedTuple):
    """Counts of several arrays, ``float64[n]`` each."""

    total: F8
    zero: F8
    nonfinite: F8


def counts(health: F8) -> Counts:
    """Returns counts from ``float64[n, len(KINDS)]``."""
    table = dict(zip(KINDS, health.T, strict=True))
    return Counts(table["count"], table["zero"], table["nan"] + table["negative_inf"] + table["positive_inf"])


def at_least_one_elsewhere(nonfinite: F8, proof: F8, size: F8) -> F8:
    """Returns counts of non-finite values in arrays that were counted only in part: at least 1 if the rest has any.

    Args:
        nonfinite: Counts of the parts.
        proof: Finite if all of an array is. A sum that overflows is not finite either.
        size: Typical or largest magnitude of the part.
    """
    elsewhere = ~np.isfinite(proof) & ~(size >= _OVERFLOWS)
    return np.asarray(np.maximum(nonfinite, elsewhere))


def reference(x: NDArray[Any]) -> Counts:
    """Returns the counts of one array by NumPy."""
    wide = np.asarray(x, np.float64)
    found: Sequence[int] = (wide.size, int((wide == 0).sum()), int((~np.isfinite(wide)).sum()))
    return Counts(*(np.asarray(n, np.float64) for n in found))
