"""Which values of a tensor are looked at, and in which dtype.

As TensorFlow ops inside the training step; all work in graph mode and eagerly, and all but `all_unless` under XLA.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.tensorflow import ops

Tensor: TypeAlias = Any

__all__ = ["Tensor", "all_unless", "even_indices", "first_examples", "flatten", "is_numeric", "numeric", "take"]


def numeric(x: Tensor) -> Tensor:
    """Returns the values of a tensor in the narrowest float type that holds them.

    float32 where that is exact (bool, 8 and 16 bit integers, half precision, float32), otherwise float64: integers
    are exact up to 2**53.
    """
    dtype = x.dtype
    if dtype in (tf.float32, tf.float64):
        return x
    if dtype.is_floating or dtype in (tf.bool, tf.uint8, tf.int8, tf.int16, tf.uint16):
        return tf.cast(x, tf.float32)
    return tf.cast(x, tf.float64)


def is_numeric(x: Tensor) -> bool:
    """Tells whether `numeric` takes a tensor: not strings, complex numbers, variants or resources."""
    dtype = x.dtype
    return bool(dtype.is_floating or dtype.is_integer or dtype.is_bool) and not dtype.is_quantized


def flatten(x: Tensor) -> Tensor:
    """Returns the values of a tensor as a vector."""
    return x if x.shape.rank == 1 else tf.raw_ops.Reshape(tensor=x, shape=ops.constant((-1,), tf.int32))


def take(x: Tensor, indices: Tensor) -> Tensor:
    """Returns the elements of a vector, or rows of a tensor, at these indices."""
    return tf.raw_ops.GatherV2(params=x, indices=indices, axis=ops.constant(0, tf.int32))


def even_indices(vector: Tensor, limit: int) -> Tensor:
    """Returns ``int32[min(n, limit)]`` or int64: evenly spaced indices of a vector of n elements."""
    static = vector.shape[0]
    if static is not None:
        n = min(static, limit)
        dtype = tf.int32 if static < 2**31 else tf.int64
        # Shared and narrow: a graph exists in several copies while TensorFlow optimizes it, with all its constants.
        return ops.remembered(
            ("even", static, n),
            lambda: tf.constant(np.arange(n, dtype=np.int64) * static // max(n, 1), dtype),
        )
    size = tf.size(vector, out_type=tf.int64)
    n = tf.minimum(size, ops.constant(limit, tf.int64))
    zero, one = ops.constant(0, tf.int64), ops.constant(1, tf.int64)
    return tf.raw_ops.Range(start=zero, limit=n, delta=one) * size // tf.maximum(n, one)


def first_examples(x: Tensor, limit_elements: int) -> Tensor:
    """Returns the first examples of a batch, at least one, of at most so many values together.

    The first ones rather than evenly spaced ones: that is a view of memory, not a copy.
    """
    rank = x.shape.rank
    static = x.shape.num_elements()
    if rank == 0 or (static is not None and static <= limit_elements):
        return x
    per_example = x.shape[1:].num_elements() if rank > 1 else 1
    if per_example is None:
        per_example = tf.maximum(tf.reduce_prod(tf.shape(x)[1:]), 1)
        return x[: tf.maximum(limit_elements // per_example, 1)]
    return ops.first_rows(x, max(1, limit_elements // max(1, per_example)))


def all_unless(x: Tensor, nothing: Tensor) -> Tensor:
    """Returns all values of a tensor as a vector, or none of them.

    A slice of nothing or all rather than a branch: a branch keeps what it may need in memory until it is decided. Not
    for XLA, which has to know sizes.
    """
    all_or_none = tf.where(nothing, ops.constant(0, tf.int32), ops.constant(-1, tf.int32))
    size = tf.raw_ops.ExpandDims(input=all_or_none, axis=ops.constant(0, tf.int32))
    return tf.raw_ops.Slice(input=flatten(x), begin=ops.constant((0,), tf.int32), size=size)
