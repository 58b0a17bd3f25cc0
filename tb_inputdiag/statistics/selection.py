"""Which values of an array a reduction reads, and in which dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.statistics.namespace import Array, DType, Namespace, is_floating, static_size

__all__ = ["even_indices", "even_positions", "examples_within", "first_examples", "flatten", "numeric"]

_EXACT_IN_FLOAT32 = ("bool", "uint8", "int8", "uint16", "int16")


def numeric(xp: Namespace, x: Array) -> Array:
    """Returns the values of an array in the narrowest float type that holds them.

    float32 where that is exact (bool, 8 and 16 bit integers, half precision, float32), else float64, in which integers
    are exact up to 2**53.
    """
    dtype = xp.dtype(x)
    if dtype in ("float32", "float64"):
        return x
    return xp.cast(x, "float32" if is_floating(dtype) or dtype in _EXACT_IN_FLOAT32 else "float64")


def flatten(xp: Namespace, x: Array) -> Array:
    """Returns the values of an array as a vector."""
    shape = xp.static_shape(x)
    return x if shape is not None and len(shape) == 1 else xp.reshape(x, (-1,))


def even_positions(n: int, limit: int) -> NDArray[np.int64]:
    """Returns ``int64[min(n, limit)]``: evenly spaced indices of `n` values, the first one included."""
    kept = min(n, limit)
    return np.arange(kept, dtype=np.int64) * n // max(kept, 1)


def even_indices(xp: Namespace, x: Array, limit: int, axis: int = 0) -> Array:
    """Returns `even_positions` along one axis of an array: ``int32`` or ``int64``."""
    length = (xp.static_shape(x) or (None,))[axis]
    if length is not None:
        # narrow: a graph exists in several copies while TensorFlow optimizes it, with all its constants
        dtype: DType = "int32" if length < 2**31 else "int64"
        return xp.constant(even_positions(length, limit), dtype)
    size = xp.length(x, axis, "int64")
    n = xp.minimum(size, xp.constant(limit, "int64"))
    return xp.arange(n) * size // xp.maximum(n, xp.constant(1, "int64"))


def examples_within(per_example: int, limit_elements: int) -> int:
    """Returns how many examples have at most so many values together; at least one."""
    return max(1, limit_elements // max(1, per_example))


def first_examples(xp: Namespace, x: Array, limit_elements: int) -> Array:
    """Returns the first examples of a batch, at least one, of at most so many values together.

    The first ones rather than evenly spaced ones, because that is a view of memory and not a copy.
    """
    shape: tuple[Any, ...] = xp.static_shape(x) or ()
    size = static_size(shape)
    if not shape or (size is not None and size <= limit_elements):
        return x
    per_example = static_size(shape[1:])
    if per_example is not None:
        return xp.first(x, examples_within(per_example, limit_elements))
    one = xp.constant(1, "int64")
    values = xp.size(x, "int64") // xp.maximum(xp.length(x, 0, "int64"), one)
    return xp.first(x, xp.maximum(xp.constant(limit_elements, "int64") // xp.maximum(values, one), one))
