"""TensorFlow ops, as few of them as will do.

A probed step has hundreds of small ops, and tracing one takes a quarter of a millisecond: what is shared or left out
here is time that users wait for the first step. Constants are made once for each graph, while `sharing` is on, and
reductions over all axes are single ops.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import tensorflow as tf

Tensor: TypeAlias = Any

_local = threading.local()


@contextmanager
def sharing(by_xla: bool = False) -> Iterator[None]:
    """Makes what is `remembered` in one graph the same op, for this thread, while the block runs.

    Args:
        by_xla: Whether XLA compiles what is built in the block.
    """
    before = getattr(_local, "shared", None), compiled()
    _local.shared, _local.compiled = {}, by_xla
    try:
        yield
    finally:
        _local.shared, _local.compiled = before


def compiled() -> bool:
    """Tells whether XLA compiles what this thread builds."""
    return bool(getattr(_local, "compiled", False))


def remembered(key: tuple[Any, ...], make: Callable[[], Tensor]) -> Tensor:
    """Returns what `make` returned for this key in this graph before, if that was while `sharing` is on."""
    shared = getattr(_local, "shared", None)
    if shared is None or tf.executing_eagerly():
        return make()
    # what is made in a branch of a `tf.cond` is of no use outside of it
    key = (id(tf.compat.v1.get_default_graph()), *key)
    found = shared.get(key)
    if found is None:
        found = shared[key] = make()
    return found


def constant(value: Any, dtype: Any) -> Tensor:
    """Returns a constant: a number, or a tuple of numbers as a vector."""
    return remembered(("constant", dtype, repr(value)), lambda: tf.constant(value, dtype))


def _all_axes(x: Tensor) -> Tensor:
    return constant(tuple(range(x.shape.rank)), tf.int32)


def total(x: Tensor) -> Tensor:
    """Returns the sum over all axes."""
    if x.shape.rank is None:
        return tf.reduce_sum(x)
    return x if x.shape.rank == 0 else tf.raw_ops.Sum(input=x, axis=_all_axes(x))


def mean(x: Tensor) -> Tensor:
    """Returns the mean over all axes."""
    if x.shape.rank is None:
        return tf.reduce_mean(x)
    return x if x.shape.rank == 0 else tf.raw_ops.Mean(input=x, axis=_all_axes(x))


def lowest(x: Tensor) -> Tensor:
    """Returns the smallest value."""
    if x.shape.rank is None:
        return tf.reduce_min(x)
    return x if x.shape.rank == 0 else tf.raw_ops.Min(input=x, axis=_all_axes(x))


def highest(x: Tensor) -> Tensor:
    """Returns the largest value."""
    if x.shape.rank is None:
        return tf.reduce_max(x)
    return x if x.shape.rank == 0 else tf.raw_ops.Max(input=x, axis=_all_axes(x))


def cast(x: Tensor, dtype: Any) -> Tensor:
    """Returns `x` in another dtype."""
    return x if x.dtype == dtype else tf.raw_ops.Cast(x=x, DstT=dtype)


def count(mask: Tensor) -> Tensor:
    """Returns how often a mask is true, as a float64 scalar.

    Exact: float32, which takes half the time, stops counting at 2**24, so it counts in single examples only.
    """
    per_example = mask.shape[1:].num_elements() if mask.shape.rank is not None and mask.shape.rank > 1 else None
    if per_example is None or per_example > 2**24:
        return total(cast(mask, tf.float64))
    inner = constant(tuple(range(1, mask.shape.rank)), tf.int32)
    return total(cast(tf.raw_ops.Sum(input=cast(mask, tf.float32), axis=inner), tf.float64))


def share(mask: Tensor) -> Tensor:
    """Returns the fraction of a mask that is true, as a float32 scalar; NaN of nothing."""
    return mean(cast(mask, tf.float32))


def equals(x: Tensor, value: float) -> Tensor:
    """Returns where `x` is a number."""
    return tf.raw_ops.Equal(x=x, y=constant(value, x.dtype))


def every_so_many_rows(x: Tensor, n: int) -> Tensor:
    """Returns ``x[::n]``."""
    zero, step = constant((0,), tf.int32), constant((n,), tf.int32)
    return tf.raw_ops.StridedSlice(input=x, begin=zero, end=zero, strides=step, begin_mask=1, end_mask=1)


def first_rows(x: Tensor, n: int) -> Tensor:
    """Returns ``x[:n]``."""
    if tf.executing_eagerly():
        return x[:n]
    zero, one, end = constant((0,), tf.int32), constant((1,), tf.int32), constant((n,), tf.int32)
    return tf.raw_ops.StridedSlice(input=x, begin=zero, end=end, strides=one, begin_mask=1)
