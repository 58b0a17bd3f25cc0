"""Reductions of activations, gradients and weights; `kernels` has those of inputs, targets and predictions."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.row_order import HEALTH, LAYER_COLUMNS
from tb_inputdiag.capture.tensorflow import ops, selection
from tb_inputdiag.capture.tensorflow.selection import Tensor

LAYER_ELEMENTS = 65_536
"""Values of an activation that its statistics look at: the mean is then off by 0.4 % of the spread (1 / sqrt(n))."""
LAYER_ROWS = 128
"""Values of each unit that they look at nevertheless, unless that makes them more than 4 times as many: a unit that is
active for 4 % of them is then called dead in one of 200 batches only."""
UPDATE_ELEMENTS = 65_536
"""Elements of a weight that the update ratio compares before and after."""
_LONGEST_STRETCH = 4096
_STRETCH = 64
"""Elements that are taken in a row where the last axis is longer than that."""
DENSE_GRADIENT_ELEMENTS = 1 << 22
"""Sparse gradients of weights up to this size are summed up per row before they are measured."""
HEALTH_ELEMENTS = 1 << 12
"""Values that are counted by a single operation, in 30 microseconds."""
_FULL_HEALTH = 4
"""Mode of `DebugNumericSummaryV2` that counts all kinds of values."""

__all__ = [
    "HEALTH",
    "LAYER_COLUMNS",
    "dense_gradient",
    "gradient_row",
    "half_squares",
    "health",
    "layer_part",
    "layer_row",
    "mean_of_all",
    "nonfinite_count_unless",
    "weight_sample",
]

_F8 = tf.float64


def _layer_elements(x: Tensor, unit_axis: int | None) -> int:
    """Returns how many values of an activation to look at."""
    if unit_axis is None or x.shape.rank < 2:
        return LAYER_ELEMENTS
    per_example, units = x.shape[1:].num_elements(), x.shape[unit_axis]
    if not per_example or not units:
        return LAYER_ELEMENTS
    examples = -(-LAYER_ROWS * int(units) // int(per_example))
    return max(LAYER_ELEMENTS, min(examples * int(per_example), 4 * LAYER_ELEMENTS))


def layer_part(x: Tensor, unit_axis: int | None) -> Tensor:
    """Returns the values of an activation that its statistics look at: the first examples, at least one.

    Args:
        x: A floating activation.
        unit_axis: Axis of the units, where dead ones are to be counted: of each unit more values are looked at then.
    """
    return selection.first_examples(x, _layer_elements(x, unit_axis))


def layer_row(part: Tensor, unit_axis: int | None, bound: tuple[float, float] | None) -> tuple[list[Tensor], Tensor]:
    """Returns the float32 scalars `LAYER_COLUMNS` of an activation, and the largest magnitude of each unit.

    Args:
        part: What `layer_part` returned.
        unit_axis: Axis of the units; None returns the largest magnitude of all, as a vector of one.
        bound: Lowest and highest value of a saturating activation; values in the outer 1 % of it are counted.
    """
    v = ops.cast(part, tf.float32)
    mean = ops.mean(v)
    variance = ops.mean(tf.math.squared_difference(v, mean))
    saturated = ops.constant(np.nan, tf.float32)
    if bound is not None:
        margin = 0.01 * (bound[1] - bound[0])
        low, high = (ops.constant(b, tf.float32) for b in (bound[0] + margin, bound[1] - margin))
        saturated = ops.share(tf.logical_or(v < low, v > high))
    size = tf.abs(v)
    if unit_axis is None:
        units = tf.raw_ops.Max(input=selection.flatten(size), axis=ops.constant((0,), tf.int32), keep_dims=True)
    else:
        others = tuple(i for i in range(part.shape.rank) if i != unit_axis % part.shape.rank)
        units = tf.raw_ops.Max(input=size, axis=ops.constant(others, tf.int32))
    return [mean, variance, saturated], units


def mean_of_all(x: Tensor) -> Tensor:
    """Returns the mean of a floating tensor as a float32 scalar: not finite if any value is not."""
    # a sum of float16 overflows early; bfloat16 has the range of float32
    return ops.cast(ops.mean(ops.cast(x, tf.float32) if x.dtype == tf.float16 else x), tf.float32)


def nonfinite_count(x: Tensor) -> Tensor:
    """Returns a float64 scalar: NaN and infinities in a floating tensor."""
    return ops.count(tf.logical_not(tf.math.is_finite(x)))


def nonfinite_count_unless(x: Tensor, proof: Tensor) -> Tensor:
    """Returns a float64 scalar: non-finite values, counted only if `proof`, a scalar, is not finite.

    Not for XLA, which has to know sizes.
    """
    return nonfinite_count(selection.all_unless(x, tf.math.is_finite(proof)))


def health(x: Tensor, proof: Tensor, zeros: bool = True) -> Tensor:
    """Returns ``float64[len(HEALTH)]``: counts of a floating tensor's values by kind.

    Of a small tensor by a single operation, which TensorFlow's debugger has. It has one thread and a branch for each
    kind of value, so that larger ones are counted three times as fast by several operations. XLA does not have it. Of
    those the count of negative and positive numbers is 0, and all that is not finite counts as NaN.

    Args:
        x: The tensor.
        proof: A scalar that is finite only if all of `x` is, such as its mean: what is not finite is counted only if
            this is not.
        zeros: Whether to count zeros of a larger tensor.
    """
    n = x.shape.num_elements()
    if not ops.compiled() and n is not None and n <= HEALTH_ELEMENTS:
        return tf.raw_ops.DebugNumericSummaryV2(input=x, output_dtype=_F8, tensor_debug_mode=_FULL_HEALTH, tensor_id=0)
    nothing, count = ops.constant(0.0, _F8), ops.cast(tf.size(x), _F8)
    known = {"count": count, "nan": nonfinite_count(x) if ops.compiled() else nonfinite_count_unless(x, proof)}
    if zeros:
        # the fraction first: a count in float64 takes twice the time
        known["zero"] = tf.round(ops.cast(ops.share(ops.equals(x, 0.0)), _F8) * count)
    return tf.stack([known.get(name, nothing) for name in HEALTH])


def dense_gradient(gradient: Tensor) -> Tensor:
    """Returns a gradient as a dense float tensor; one of a large embedding as its rows, which may repeat."""
    if isinstance(gradient, tf.IndexedSlices):
        shape = gradient.dense_shape
        static = tf.get_static_value(shape) if shape is not None else None
        if static is not None and int(np.prod(static)) <= DENSE_GRADIENT_ELEMENTS:
            gradient = tf.convert_to_tensor(gradient)
        else:
            gradient = gradient.values
    if gradient.dtype not in (tf.float32, tf.float64):
        gradient = tf.cast(gradient, tf.float32)
    return gradient


def gradient_row(gradient: Tensor) -> tuple[list[Tensor], Tensor]:
    """Returns float32 scalars of a dense gradient, half the sum of squares and largest magnitude, and its `health`."""
    half = half_squares(gradient)
    return [half, ops.cast(ops.highest(tf.abs(gradient)), tf.float32)], health(gradient, half)


def half_squares(x: Tensor) -> Tensor:
    """Returns a float32 scalar: half the sum of squares of a floating tensor, which is one op."""
    return ops.cast(tf.nn.l2_loss(x), tf.float32)


def weight_sample(value: Tensor) -> Tensor:
    """Returns a weight, or of a large one evenly spaced stretches, in float32 or float64.

    These are rows of its last axis, at most `UPDATE_ELEMENTS` elements together: to copy stretches takes a fraction of
    the time that picking as many elements takes, and needs no indices.
    """
    size = value.shape.num_elements()
    if size is None:
        value = selection.flatten(value)
        value = selection.take(value, selection.even_indices(value, UPDATE_ELEMENTS))
    elif size > UPDATE_ELEMENTS:
        width = next((n for n in (value.shape[-1], _STRETCH) if n <= _LONGEST_STRETCH and size % n == 0), 1)
        shape = ops.constant((size // width, width), tf.int32)
        value = ops.every_so_many_rows(tf.raw_ops.Reshape(tensor=value, shape=shape), -(-size // UPDATE_ELEMENTS))
    return value if value.dtype in (tf.float32, tf.float64) else ops.cast(value, tf.float32)
