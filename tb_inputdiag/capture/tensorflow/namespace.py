"""The array namespace of TensorFlow: reductions with as few ops as will do.

Every function works in graph mode and eagerly, and all but `all_unless` and `counts_by_kind` under XLA. Raw ops are
used because tracing one takes a fraction of the time that its wrapper in the public API takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.statistics.namespace import DType, Namespace, static_size

__all__ = ["TENSORFLOW", "dense_gradient"]

_DENSE_GRADIENT_ELEMENTS = 1 << 22
"""Sparse gradients of weights up to this size are summed up per row before they are measured."""

_COUNT_BY_KIND = 4
"""Mode of `DebugNumericSummaryV2` that counts all kinds of values."""


class _TensorFlowNamespace:
    """`Namespace` for TensorFlow tensors."""

    # -- what an array is --------------------------------------------------------------------------

    def dtype(self, x: Tensor) -> str:
        """Returns the dtype's name."""
        return str(x.dtype.name)

    def static_shape(self, x: Tensor) -> tuple[int | None, ...] | None:
        """Returns the shape as far as the graph knows it."""
        return None if x.shape.rank is None else tuple(x.shape.as_list())

    def shape(self, x: Tensor) -> Tensor:
        """Returns the shape of this batch."""
        return ops.cast(tf.shape(x, out_type=tf.int64), tf.float64)

    def size(self, x: Tensor, dtype: DType) -> Tensor:
        """Returns the number of values."""
        static = static_size(self.static_shape(x))
        if static is not None:
            return self.constant(static, dtype)
        return self.cast(tf.raw_ops.Size(input=x, out_type=tf.int32 if dtype == "int32" else tf.int64), dtype)

    def length(self, x: Tensor, axis: int, dtype: DType) -> Tensor:
        """Returns the length of an axis."""
        static = None if x.shape.rank is None else x.shape[axis]
        if static is not None:
            return self.constant(static, dtype)
        shape = tf.raw_ops.Shape(input=x, out_type=tf.int32 if dtype == "int32" else tf.int64)
        return self.cast(
            tf.raw_ops.GatherV2(params=shape, indices=self._index(axis % x.shape.rank), axis=self._index(0)), dtype
        )

    def needs_static_sizes(self) -> bool:
        """Returns whether XLA compiles what this thread builds."""
        return ops.compiled()

    # -- making arrays -----------------------------------------------------------------------------

    def constant(self, value: float | tuple[float, ...] | NDArray[Any], dtype: DType | str) -> Tensor:
        """Returns a constant, which one graph shares."""
        return ops.constant(value, tf.as_dtype(dtype))

    def fill(self, shape: tuple[int, ...], value: float, dtype: DType) -> Tensor:
        """Returns an array of one value."""
        return tf.raw_ops.Fill(dims=self._integers(shape), value=self.constant(value, dtype))

    def arange(self, n: Tensor) -> Tensor:
        """Returns indices."""
        zero, one = ops.constant(0, n.dtype), ops.constant(1, n.dtype)
        return tf.raw_ops.Range(start=zero, limit=n, delta=one)

    def cast(self, x: Tensor, dtype: DType) -> Tensor:
        """Returns the values in another dtype."""
        return ops.cast(x, tf.as_dtype(dtype))

    def float_bits(self, x: Tensor) -> Tensor:
        """Returns the bits of float32 numbers."""
        return tf.raw_ops.Bitcast(input=x, type=tf.uint32)

    # -- one value at a time -----------------------------------------------------------------------

    def equal(self, x: Tensor, y: Tensor) -> Tensor:
        """Returns where tensors are equal."""
        return tf.raw_ops.Equal(x=x, y=y)

    def equals(self, x: Tensor, value: float) -> Tensor:
        """Returns where a tensor is a number."""
        return ops.equals(x, value)

    def is_finite(self, x: Tensor) -> Tensor:
        """Returns where a tensor is finite."""
        return tf.raw_ops.IsFinite(x=x)

    def is_nan(self, x: Tensor) -> Tensor:
        """Returns where a tensor is NaN."""
        return tf.raw_ops.IsNan(x=x)

    def where(self, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Returns values of either tensor."""
        return tf.raw_ops.SelectV2(condition=condition, t=x, e=y)

    def minimum(self, x: Tensor, y: Tensor) -> Tensor:
        """Returns the smaller values."""
        return tf.raw_ops.Minimum(x=x, y=y)

    def maximum(self, x: Tensor, y: Tensor) -> Tensor:
        """Returns the larger values."""
        return tf.raw_ops.Maximum(x=x, y=y)

    def absolute(self, x: Tensor) -> Tensor:
        """Returns magnitudes."""
        return tf.raw_ops.Abs(x=x)

    def square(self, x: Tensor) -> Tensor:
        """Returns squares."""
        return tf.raw_ops.Square(x=x)

    def squared_difference(self, x: Tensor, y: Tensor) -> Tensor:
        """Returns squares of differences."""
        return tf.raw_ops.SquaredDifference(x=x, y=y)

    def log(self, x: Tensor) -> Tensor:
        """Returns natural logarithms."""
        return tf.raw_ops.Log(x=x)

    def floor(self, x: Tensor) -> Tensor:
        """Returns whole numbers below."""
        return tf.raw_ops.Floor(x=x)

    def round(self, x: Tensor) -> Tensor:
        """Returns the nearest whole numbers."""
        return tf.raw_ops.Rint(x=x)

    def shift_right(self, x: Tensor, bits: int) -> Tensor:
        """Returns bits moved down."""
        return tf.raw_ops.RightShift(x=x, y=ops.constant(bits, x.dtype))

    # -- reductions --------------------------------------------------------------------------------

    def sum(self, x: Tensor, axes: tuple[int, ...] | None = None) -> Tensor:
        """Returns the sum."""
        return self._reduced(tf.raw_ops.Sum, tf.reduce_sum, x, axes)

    def mean(self, x: Tensor) -> Tensor:
        """Returns the mean."""
        return ops.mean(x)

    def min(self, x: Tensor, axes: tuple[int, ...] | None = None) -> Tensor:
        """Returns the smallest value."""
        return self._reduced(tf.raw_ops.Min, tf.reduce_min, x, axes)

    def max(self, x: Tensor, axes: tuple[int, ...] | None = None) -> Tensor:
        """Returns the largest value."""
        return self._reduced(tf.raw_ops.Max, tf.reduce_max, x, axes)

    def any(self, x: Tensor, axes: tuple[int, ...]) -> Tensor:
        """Returns where any value is true."""
        return self._reduced(tf.raw_ops.Any, tf.reduce_any, x, axes)

    def _reduced(self, raw: Any, public: Any, x: Tensor, axes: tuple[int, ...] | None) -> Tensor:
        rank = x.shape.rank
        if rank is None:
            return public(x)
        if rank == 0:
            return x
        return raw(input=x, axis=self._integers(tuple(range(rank)) if axes is None else axes))

    def argmax(self, x: Tensor) -> Tensor:
        """Returns places of the largest values."""
        return tf.raw_ops.ArgMax(input=x, dimension=ops.constant(-1, tf.int32))

    def count(self, mask: Tensor) -> Tensor:
        """Returns how many are true.

        float32, which takes half the time, stops counting at 2**24: it is used for single examples only.
        """
        per_example = static_size((self.static_shape(mask) or (None,))[1:])
        if per_example in (None, 1) or per_example > 2**24 or mask.shape.rank in (None, 0, 1):
            return self.sum(ops.cast(mask, tf.float64))
        inner = self.sum(ops.cast(mask, tf.float32), tuple(range(1, mask.shape.rank)))
        return self.sum(ops.cast(inner, tf.float64))

    def fraction(self, mask: Tensor) -> Tensor:
        """Returns which part is true."""
        return ops.mean(ops.cast(mask, tf.float32))

    def half_squares(self, x: Tensor) -> Tensor:
        """Returns half the sum of squares, which is one op."""
        return tf.raw_ops.L2Loss(t=x)

    def counts_by_kind(self, x: Tensor) -> Tensor | None:
        """Returns counts by an op of TensorFlow's debugger, which XLA does not have."""
        if ops.compiled():
            return None
        mode = _COUNT_BY_KIND
        return tf.raw_ops.DebugNumericSummaryV2(input=x, output_dtype=tf.float64, tensor_debug_mode=mode, tensor_id=0)

    # -- order and place ---------------------------------------------------------------------------

    def largest(self, x: Tensor, n: int | None) -> Tensor:
        """Returns the largest values."""
        wanted = self.size(x, "int32") if n is None else ops.constant(n, tf.int32)
        return tf.raw_ops.TopKV2(input=x, k=wanted).values

    def places_of_largest(self, x: Tensor, n: int) -> Tensor:
        """Returns where the largest values are."""
        return tf.raw_ops.TopKV2(input=x, k=ops.constant(n, tf.int32)).indices

    def take(self, x: Tensor, indices: Tensor, axis: int = 0) -> Tensor:
        """Returns parts of a tensor."""
        return tf.raw_ops.GatherV2(params=x, indices=indices, axis=self._index(axis))

    def first(self, x: Tensor, n: int | Tensor) -> Tensor:
        """Returns the first rows."""
        if not isinstance(n, int) or tf.executing_eagerly():
            return x[:n]
        zero, one, end = self._integers((0,)), self._integers((1,)), self._integers((n,))
        return tf.raw_ops.StridedSlice(input=x, begin=zero, end=end, strides=one, begin_mask=1)

    def every(self, x: Tensor, n: int) -> Tensor:
        """Returns every n-th row."""
        zero, step = self._integers((0,)), self._integers((n,))
        return tf.raw_ops.StridedSlice(input=x, begin=zero, end=zero, strides=step, begin_mask=1, end_mask=1)

    def all_unless(self, x: Tensor, nothing: Tensor) -> Tensor:
        """Returns all values or none.

        A slice of nothing or all rather than a branch: a branch keeps what it may need in memory until it is decided.
        """
        if not x.shape.rank:
            x = self.reshape(x, (-1,))
        rank = x.shape.rank
        size = self.where(nothing, self._integers((0,) * rank), self._integers((-1,) * rank))
        return tf.raw_ops.Slice(input=x, begin=self._integers((0,) * rank), size=size)

    def unless(self, unneeded: Tensor, make: Callable[[], Tensor], n: int) -> Tensor:
        """Returns numbers, or zeros where they are not needed.

        A branch: operations of the one that is not taken are passed over, which takes a tenth of running them.
        """
        if ops.compiled():
            return make()
        return tf.cond(unneeded, lambda: self.constant((0.0,) * n, "float64"), make)

    def reshape(self, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Returns the values in another shape."""
        if shape == (-1,) and x.shape.rank == 1:
            return x
        return tf.raw_ops.Reshape(tensor=x, shape=self._integers(shape))

    def flatten_examples(self, x: Tensor) -> Tensor:
        """Returns a row for each example."""
        batch = self.length(x, 0, "int32")
        width = self.size(x, "int32") // self.maximum(batch, self._index(1))
        return tf.raw_ops.Reshape(tensor=x, shape=self.stack([batch, width]))

    def transpose(self, x: Tensor, order: tuple[int, ...]) -> Tensor:
        """Returns the tensor with its axes in another order."""
        return tf.raw_ops.Transpose(x=x, perm=self._integers(order))

    def stack(self, scalars: Sequence[Tensor]) -> Tensor:
        """Returns a vector of scalars."""
        return tf.raw_ops.Pack(values=list(scalars), axis=0)

    def concat(self, arrays: Sequence[Tensor]) -> Tensor:
        """Returns tensors joined."""
        if len(arrays) == 1:
            return arrays[0]
        return tf.raw_ops.ConcatV2(values=list(arrays), axis=self._index(0))

    def _index(self, value: int) -> Tensor:
        return ops.constant(value, tf.int32)

    def _integers(self, values: tuple[int, ...]) -> Tensor:
        return ops.constant(values, tf.int32)


TENSORFLOW: Namespace = _TensorFlowNamespace()


def dense_gradient(gradient: Tensor) -> Tensor:
    """Returns a gradient as a dense float32 or float64 tensor.

    The gradient of a large embedding comes back as its rows, which may repeat.
    """
    if isinstance(gradient, tf.IndexedSlices):
        shape = gradient.dense_shape
        static = tf.get_static_value(shape) if shape is not None else None
        small = static is not None and int(np.prod(static)) <= _DENSE_GRADIENT_ELEMENTS
        gradient = tf.convert_to_tensor(gradient) if small else gradient.values
    return gradient if gradient.dtype in (tf.float32, tf.float64) else ops.cast(gradient, tf.float32)
