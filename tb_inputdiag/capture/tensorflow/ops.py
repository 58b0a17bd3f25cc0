"""Ops that one graph shares.

A probed step has hundreds of small ops, and tracing one takes a quarter of a millisecond. Users wait for the first
step that much longer. So constants are made once for each graph while `sharing` is on, and reductions over all axes
are single ops.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

__all__ = ["SCOPE", "Tensor", "cast", "compiled", "constant", "equals", "highest", "mean", "remembered", "sharing"]

Tensor: TypeAlias = Any

SCOPE = "tb_inputdiag_probe"
"""Name scope of all our ops: it distinguishes an error that one of them raises from the user's own."""

_local = threading.local()


@contextmanager
def sharing(by_xla: bool = False) -> Iterator[None]:
    """Makes each op that is `remembered` once per graph, for this thread, while the block runs.

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
    """Returns whether XLA compiles what this thread builds."""
    return bool(getattr(_local, "compiled", False))


def remembered(key: tuple[Any, ...], make: Callable[[], Tensor]) -> Tensor:
    """Returns what `make` returned for this key in this graph while `sharing` is on; calls it the first time."""
    shared = getattr(_local, "shared", None)
    if shared is None or tf.executing_eagerly():
        return make()
    # what is made in a branch of a `tf.cond` is of no use outside of it
    key = (id(tf.compat.v1.get_default_graph()), *key)
    found = shared.get(key)
    if found is None:
        found = shared[key] = make()
    return found


def constant(value: float | tuple[float, ...] | NDArray[Any], dtype: Any) -> Tensor:
    """Returns a constant: a number, or a tuple or an array of numbers as a vector."""
    key = value.tobytes() if isinstance(value, np.ndarray) else repr(value)
    return remembered(("constant", dtype, key), lambda: tf.constant(value, dtype))


def _all_axes(x: Tensor) -> Tensor:
    return constant(tuple(range(x.shape.rank)), tf.int32)


def mean(x: Tensor) -> Tensor:
    """Returns the mean over all axes."""
    if x.shape.rank is None:
        return tf.reduce_mean(x)
    return x if x.shape.rank == 0 else tf.raw_ops.Mean(input=x, axis=_all_axes(x))


def highest(x: Tensor) -> Tensor:
    """Returns the largest value."""
    if x.shape.rank is None:
        return tf.reduce_max(x)
    return x if x.shape.rank == 0 else tf.raw_ops.Max(input=x, axis=_all_axes(x))


def cast(x: Tensor, dtype: Any) -> Tensor:
    """Returns `x` in another dtype."""
    return x if x.dtype == dtype else tf.raw_ops.Cast(x=x, DstT=dtype)


def equals(x: Tensor, value: float) -> Tensor:
    """Returns where `x` is a number."""
    return tf.raw_ops.Equal(x=x, y=constant(value, x.dtype))
