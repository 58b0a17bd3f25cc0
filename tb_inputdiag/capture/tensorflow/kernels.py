"""Reductions of inputs, targets and predictions to short vectors, as TensorFlow ops inside the training step.

Every kernel works in graph mode, eagerly and under XLA, on any batch size including 0, and returns vectors whose
length is known while tracing. Results that have to be merged over replicas are kept in mergeable form (counts, mean,
sum of squared deviations); `capture.unpack` turns them into records.

Variances are two-pass (mean first, then squared deviations): a one-pass variance cancels for data far from 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.row_order import FEATURE_PARTS, SCALARS
from tb_inputdiag.capture.tensorflow import ops, selection
from tb_inputdiag.capture.tensorflow.selection import Tensor
from tb_inputdiag.records import MAX_BAD_EXAMPLES, MAX_EXAMPLE_IDS, MAX_RANK, N_QUANTILES

QUANTILE_ELEMENTS = 4096
"""Elements that quantiles look at: sorting 4,096 takes 0.2 ms on a CPU, and the error of a quantile of so
large a sample is below 1 % of probability (Dvoretzky-Kiefer-Wolfowitz: 0.02 at 96 % confidence)."""
FEATURE_ELEMENTS = 1_048_576
"""Values of a tensor that its per-feature statistics look at."""
CLASS_COMPARISONS = 1 << 20
"""Ids times classes that counting classes compares."""
ID_ELEMENTS = 1024
"""Elements of an example that its fingerprint looks at."""
_LEAST_SQUARES = 1e-30
"""Half a sum of squares below which single squares may have vanished in float32."""
_SUMMANDS = 32
"""Values that are added up in float32 before float64 takes over: that many are exact enough, and few are left."""

__all__ = [
    "FEATURE_PARTS",
    "SCALARS",
    "bad_examples",
    "class_counts",
    "example_ids",
    "features",
    "quantiles",
    "shape_vector",
    "tensor_scalars",
]

_F8 = tf.float64
_LEVELS = np.linspace(0, 1, N_QUANTILES)


def tensor_scalars(x: Tensor) -> Tensor:
    """Returns ``float64[len(SCALARS)]`` for a dense numeric tensor of any shape.

    min, max, mean and m2 (sum of squared deviations from the mean) are over finite values; min and max are +inf and
    -inf, the mean 0, where there are none.
    """
    floating = x.dtype.is_floating
    v = selection.numeric(x)
    size = ops.cast(tf.size(v, out_type=tf.int64), _F8)
    zeros, rows = _row_scalars(v)
    moments, usable = _moments(v, size)
    if floating:
        other = _finite_moments(v if ops.compiled() else selection.all_unless(v, usable))
    else:
        other, usable = ops.constant((np.inf, -np.inf, 0.0, 0.0, 0.0, 0.0, 0.0), _F8), size > ops.constant(0.0, _F8)
    low, high, mean, m2, nans, infs, negative_infs = tf.unstack(tf.where(usable, moments, other))
    # an infinity is its own rounded value, a NaN is not
    whole = ops.count(tf.raw_ops.Equal(x=v, y=tf.raw_ops.Rint(x=v))) - infs if floating else size
    return tf.stack([size, low, high, mean, m2, nans, infs, negative_infs, zeros, whole, *rows])


def _moments(v: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """Returns ``float64[7]``, the columns of `_finite_moments` in few passes, and a bool: whether they are right.

    They are where all values and their squares are finite and not all squares vanish, which is what data are like.
    """
    low, high, zero = ops.lowest(v), ops.highest(v), ops.constant(0.0, _F8)
    # Deviations from a value near the mean: in float32 they are exact for data with a small spread far from 0, and 0
    # if all values are equal. It is rounded to some sixteenth of the range (2**20 times the range has no bits below
    # that), because differences from a number with many digits would all be rounded to the same side.
    middle = tf.minimum(tf.maximum(ops.mean(v), low), high)
    coarse = (high - low) * ops.constant(2.0**20, v.dtype)
    middle = (middle + coarse) - coarse
    deviations = v - middle
    half = tf.nn.l2_loss(deviations)
    rest = _wide_total(deviations) / tf.maximum(size, ops.constant(1.0, _F8))
    m2 = tf.maximum(ops.cast(half, _F8) * ops.constant(2.0, _F8) - size * tf.square(rest), zero)
    numbers = [ops.cast(low, _F8), ops.cast(high, _F8), ops.cast(middle, _F8) + rest, m2, zero, zero, zero]
    spread = tf.logical_or(half > ops.constant(_LEAST_SQUARES, half.dtype), tf.raw_ops.Equal(x=low, y=high))
    return tf.stack(numbers), tf.logical_and(tf.math.is_finite(half), spread)


def _wide_total(v: Tensor) -> Tensor:
    """Returns the sum as float64; in the dtype of `v` only along the last axes, of at least `_SUMMANDS` values."""
    axes, summands = [], 1
    for axis in reversed(range(1, v.shape.rank)):
        if v.shape[axis] is None or summands >= _SUMMANDS:
            break
        axes.append(axis)
        summands *= v.shape[axis]
    if axes:
        v = tf.raw_ops.Sum(input=v, axis=ops.constant(tuple(axes), tf.int32))
    return ops.total(ops.cast(v, _F8))


def _finite_moments(v: Tensor) -> Tensor:
    """Returns ``float64[7]``: min, max, mean and m2 of the finite values; NaN, infinities, negative infinities."""
    finite = tf.math.is_finite(v)
    is_finite = ops.cast(finite, _F8)
    n_finite = ops.total(is_finite)
    low = ops.lowest(tf.where(finite, v, ops.constant(np.inf, v.dtype)))
    high = ops.highest(tf.where(finite, v, ops.constant(-np.inf, v.dtype)))
    nans = ops.count(tf.math.is_nan(v))
    infs = ops.cast(tf.size(v, out_type=tf.int64), _F8) - n_finite - nans
    negative_infs = ops.count(ops.equals(v, -np.inf))
    # float64: sums of squares of float32 overflow from 2e19 on
    wide = ops.cast(tf.where(finite, v, ops.constant(0, v.dtype)), _F8)
    mean = ops.total(wide) / tf.maximum(n_finite, ops.constant(1.0, _F8))
    m2 = tf.nn.l2_loss((wide - mean) * is_finite) * ops.constant(2.0, _F8)
    return tf.stack([ops.cast(low, _F8), ops.cast(high, _F8), mean, m2, nans, infs, negative_infs])


def _row_scalars(v: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Returns the number of zeros; rows, one-hot rows, smallest and largest sum along the last axis.

    Without such an axis there are no rows, and the sums are NaN.
    """
    zero = ops.equals(v, 0)
    if v.shape.rank is None or v.shape.rank < 2 or v.shape[-1] == 1:
        nothing, nan = ops.constant(0.0, _F8), ops.constant(np.nan, _F8)
        return ops.count(zero), [nothing, nothing, nan, nan]
    last = ops.constant(-1, tf.int32)
    sums = tf.raw_ops.Sum(input=v, axis=last)
    # float32 counts the zeros of a row exactly: none has 2**24 columns
    zeros = tf.raw_ops.Sum(input=ops.cast(zero, tf.float32), axis=last)
    width = v.shape[-1]
    others = ops.constant(width - 1, tf.float32) if width is not None else ops.cast(tf.shape(v)[-1] - 1, tf.float32)
    # all but one are 0, and that one is the sum
    one_hot = tf.logical_and(ops.equals(sums, 1), tf.raw_ops.Equal(x=zeros, y=others))
    rows = [
        ops.cast(tf.size(sums, out_type=tf.int64), _F8),
        ops.count(one_hot),
        ops.cast(ops.lowest(sums), _F8),
        ops.cast(ops.highest(sums), _F8),
    ]
    return ops.total(ops.cast(zeros, _F8)), rows


def quantiles(x: Tensor) -> Tensor:
    """Returns ``float32[N_QUANTILES]``: quantiles of the finite values, interpolated linearly; NaN if there are none.

    Of more than `QUANTILE_ELEMENTS` values evenly spaced ones are taken.
    """
    flat = selection.flatten(selection.numeric(x))
    static = flat.shape[0]
    if static is None or static > QUANTILE_ELEMENTS:
        flat = selection.take(flat, selection.even_indices(flat, QUANTILE_ELEMENTS))
    flat = ops.cast(flat, tf.float32)
    finite = tf.math.is_finite(flat)
    last = ops.total(ops.cast(finite, tf.float32))
    last = tf.maximum(last - ops.constant(1.0, tf.float32), ops.constant(0.0, tf.float32))
    # One infinity more at the end: an empty tensor has something to gather from. Falling, as top_k sorts.
    kept = tf.where(finite, flat, ops.constant(-np.inf, tf.float32))
    falling = tf.concat([kept, ops.constant((-np.inf,), tf.float32)], 0)
    falling = tf.math.top_k(falling, tf.size(falling)).values
    place = ops.constant(tuple(1 - _LEVELS), tf.float32) * last
    before = tf.floor(place)
    weight = place - before
    nearest = ops.cast(before, tf.int32)
    one = ops.constant(1, tf.int32)
    high = selection.take(falling, nearest)
    low = selection.take(falling, tf.minimum(nearest + one, ops.cast(last, tf.int32)))
    # weighted ends rather than high + weight * (low - high): the difference of two large values may overflow
    share = ops.constant(1.0, tf.float32) - weight
    between = tf.where(weight > ops.constant(0.0, tf.float32), high * share + low * weight, high)
    return tf.where(tf.math.is_finite(between), between, ops.constant(np.nan, tf.float32))


def features(x: Tensor, axis: int, kept: Sequence[int]) -> Tensor:
    """Returns ``float64[len(FEATURE_PARTS) * len(kept)]``, part by part, for the features `kept` along `axis`.

    Statistics are over all other axes and over finite values, of at most `FEATURE_ELEMENTS` values (the first
    examples of the batch, at least one).
    """
    v = selection.numeric(selection.first_examples(x, FEATURE_ELEMENTS))
    rank = x.shape.rank
    if axis != rank - 1:
        v = tf.transpose(v, [*(i for i in range(rank) if i != axis), axis])
    width = v.shape[-1]
    if v.shape.rank != 2:
        v = tf.raw_ops.Reshape(tensor=v, shape=ops.constant((-1, width), tf.int32))
    if len(kept) != width:
        v = tf.gather(v, tf.constant(list(kept), tf.int32), axis=1)
    first = ops.constant(0, tf.int32)
    if x.dtype.is_floating:
        finite = tf.math.is_finite(v)
        is_finite = ops.cast(finite, _F8)
        count = tf.raw_ops.Sum(input=is_finite, axis=first)
        low = tf.raw_ops.Min(input=tf.where(finite, v, ops.constant(np.inf, v.dtype)), axis=first)
        high = tf.raw_ops.Max(input=tf.where(finite, v, ops.constant(-np.inf, v.dtype)), axis=first)
        wide = ops.cast(tf.where(finite, v, ops.constant(0, v.dtype)), _F8)
    else:
        wide = ops.cast(v, _F8)
        count = tf.fill([len(kept)], ops.cast(tf.shape(v, out_type=tf.int64)[0], _F8))
        low, high = tf.raw_ops.Min(input=v, axis=first), tf.raw_ops.Max(input=v, axis=first)
    mean = tf.raw_ops.Sum(input=wide, axis=first) / tf.maximum(count, ops.constant(1.0, _F8))
    deviations = wide - mean
    if x.dtype.is_floating:
        deviations = deviations * is_finite
    m2 = tf.raw_ops.Sum(input=tf.square(deviations), axis=first)
    return tf.concat([ops.cast(low, _F8), ops.cast(high, _F8), mean, m2, count], 0)


def class_counts(x: Tensor, n_classes: int, one_hot: bool) -> Tensor:
    """Returns ``float64[n_classes]``: how often each class id occurs; ids outside the range are not counted.

    Of more than ``CLASS_COMPARISONS / n_classes`` ids evenly spaced ones are counted, and scaled up.

    Args:
        x: Class ids of any shape, or, with `one_hot`, rows of `n_classes` on the last axis.
        n_classes: Number of classes.
        one_hot: Whether rows are summed instead.
    """
    v = selection.numeric(x)
    first = ops.constant(0, tf.int32)
    if one_hot:
        rows = tf.reshape(v, [-1, n_classes])
        rows = tf.where(tf.math.is_finite(rows), rows, ops.constant(0, rows.dtype))
        return ops.cast(tf.raw_ops.Sum(input=rows, axis=first), _F8)
    flat = selection.flatten(v)
    size = tf.size(flat, out_type=tf.int64)
    flat = selection.take(flat, selection.even_indices(flat, CLASS_COMPARISONS // n_classes))
    # Comparisons rather than a bincount: XLA compiles the latter to a scatter that changes how it orders the step
    # around it, and with that the last bits of the training's result.
    classes = ops.constant(tuple(range(n_classes)), flat.dtype)
    matches = tf.raw_ops.Equal(x=tf.raw_ops.ExpandDims(input=flat, axis=ops.constant(1, tf.int32)), y=classes)
    seen = tf.maximum(tf.size(flat, out_type=tf.int64), ops.constant(1, tf.int64))
    counts = tf.raw_ops.Sum(input=ops.cast(matches, _F8), axis=first)
    return counts * (ops.cast(size, _F8) / ops.cast(seen, _F8))


def bad_examples(x: Tensor) -> Tensor:
    """Returns ``float64[MAX_BAD_EXAMPLES]``: indices of the first examples with a NaN or infinity, padded with -1."""
    if not x.dtype.is_floating or x.shape.rank == 0:
        return tf.fill([MAX_BAD_EXAMPLES], tf.constant(-1, _F8))
    bad = tf.logical_not(tf.math.is_finite(x))
    if x.shape.rank > 1:
        bad = tf.raw_ops.Any(input=bad, axis=ops.constant(tuple(range(1, x.shape.rank)), tf.int32))
    bad = tf.concat([bad, ops.constant((False,) * MAX_BAD_EXAMPLES, tf.bool)], 0)
    n = tf.size(bad)
    zero, one = ops.constant(0, tf.int32), ops.constant(1, tf.int32)
    order = tf.where(bad, n - tf.raw_ops.Range(start=zero, limit=n, delta=one), zero)
    first = tf.math.top_k(order, MAX_BAD_EXAMPLES).values
    return ops.cast(tf.where(first > zero, n - first, ops.constant(-1, tf.int32)), _F8)


def shape_vector(x: Tensor) -> Tensor:
    """Returns ``float64[MAX_RANK]``: the shape, padded with -1."""
    rank = min(x.shape.rank, MAX_RANK)
    shape = ops.cast(tf.shape(x, out_type=tf.int64), _F8)
    if x.shape.rank > rank:
        return shape[:rank]
    return shape if rank == MAX_RANK else tf.concat([shape, ops.constant((-1.0,) * (MAX_RANK - rank), _F8)], 0)


def example_ids(inputs: Sequence[Tensor]) -> Tensor:
    """Returns ``float64[MAX_EXAMPLE_IDS]``: 32-bit fingerprints of the first examples, padded with 0.

    A fingerprint is a multiply-shift hash (Dietzfelbinger et al. 1997) over at most `ID_ELEMENTS` evenly spaced
    elements of each input, in integer arithmetic, so that it doesn't depend on the order of summation: equal examples
    have equal fingerprints in every batch, on every device. 0 is never the fingerprint of an example.
    """
    total: Tensor = None
    for k, x in enumerate(inputs):
        flat = _example_rows(ops.first_rows(x, MAX_EXAMPLE_IDS))
        # adding 0 makes -0.0 and 0.0 the same example
        bits = tf.bitcast(ops.cast(flat, tf.float32) + ops.constant(0.0, tf.float32), tf.uint32)
        odd = np.random.default_rng(20_011 + k).integers(1, 2**31, ID_ELEMENTS, np.uint32) * 2 + 1
        factors = tf.constant(odd[: flat.shape[1]])
        mixed = bits * (factors if flat.shape[1] is not None else factors[: tf.shape(flat)[1]])
        # the upper half has the good bits of a product; a row's sum must see them before they are added
        mixed = tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, tf.constant(15, tf.uint32)))
        mixed = mixed * tf.constant(2_246_822_519, tf.uint32)
        hashed = tf.reduce_sum(mixed, 1)
        total = hashed if total is None else total * tf.constant(31, tf.uint32) + hashed
    if total is None:
        return tf.zeros([MAX_EXAMPLE_IDS], _F8)
    ids = tf.maximum(tf.cast(total, _F8), 1.0)
    return tf.concat([ids, tf.zeros([MAX_EXAMPLE_IDS - tf.shape(ids)[0]], _F8)], 0)


def _example_rows(x: Tensor) -> Tensor:
    """Returns ``[batch, n]``: at most `ID_ELEMENTS` evenly spaced elements of each example."""
    width = x.shape[1:].num_elements() if x.shape.rank > 1 else 1
    if width is None:
        flat = tf.reshape(x, [tf.shape(x)[0], -1])
        width = tf.shape(flat, out_type=tf.int64)[1]
        n = tf.minimum(width, ID_ELEMENTS)
        return tf.gather(flat, tf.range(n) * width // tf.maximum(n, 1), axis=1)
    flat = x
    if x.shape.rank != 2:
        # a batch of 0 examples tells nothing about an axis of -1
        batch = x.shape[0] if x.shape[0] is not None else (-1 if width else 0)
        flat = tf.raw_ops.Reshape(tensor=x, shape=ops.constant((batch, width), tf.int32))
    if width > ID_ELEMENTS:
        flat = tf.gather(flat, tf.constant(np.arange(ID_ELEMENTS) * width // ID_ELEMENTS, tf.int32), axis=1)
    return flat
