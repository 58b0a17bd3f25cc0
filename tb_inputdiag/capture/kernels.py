"""Reductions of tensors to short vectors, as TensorFlow ops inside the training step.

Every kernel works in graph mode, eagerly and under XLA, on any batch size including 0, and returns vectors whose
length is known while tracing. Results that have to be merged over replicas are kept in mergeable form (counts, mean,
sum of squared deviations); `capture.unpack` turns them into records.

Variances are two-pass (mean first, then squared deviations): a one-pass variance cancels for data far from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.constants import FEATURE_PARTS, LAYER_COLUMNS, SCALARS
from tb_inputdiag.records import MAX_BAD_EXAMPLES, MAX_EXAMPLE_IDS, MAX_RANK, N_QUANTILES

Tensor: TypeAlias = Any

QUANTILE_ELEMENTS = 4096
"""Elements that quantiles look at: sorting 4,096 takes 0.2 ms on a CPU, and the error of a quantile of so
large a sample is below 1 % of probability (Dvoretzky-Kiefer-Wolfowitz: 0.02 at 96 % confidence)."""
LAYER_ELEMENTS = 262_144
"""Values of an activation that its statistics look at."""
FEATURE_ELEMENTS = 1_048_576
"""Values of a tensor that its per-feature statistics look at."""
UPDATE_ELEMENTS = 65_536
"""Elements of a weight that the update ratio compares before and after."""
DENSE_GRADIENT_ELEMENTS = 1 << 22
"""Sparse gradients of weights up to this size are summed up per row before they are measured."""
CLASS_COMPARISONS = 1 << 20
"""Ids times classes that counting classes compares."""
ID_ELEMENTS = 1024
"""Elements of an example that its fingerprint looks at."""

__all__ = [
    "FEATURE_PARTS",
    "LAYER_COLUMNS",
    "SCALARS",
    "bad_examples",
    "class_counts",
    "dense_gradient",
    "even_indices",
    "example_ids",
    "features",
    "gradient_row",
    "half_squares",
    "is_numeric",
    "layer_row",
    "nonfinite_count",
    "nonfinite_counts",
    "numeric",
    "quantiles",
    "shape_vector",
    "tensor_scalars",
    "weight_sample",
]

_F8 = tf.float64
_LEVELS = np.linspace(0, 1, N_QUANTILES)


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
    return tf.cast(x, _F8)


def is_numeric(x: Tensor) -> bool:
    """Tells whether `numeric` takes a tensor: not strings, complex numbers, variants or resources."""
    dtype = x.dtype
    return bool(dtype.is_floating or dtype.is_integer or dtype.is_bool) and not dtype.is_quantized


def _inf(dtype: Any, sign: int = 1) -> Tensor:
    return tf.constant(sign * np.inf, dtype)


def _total(mask: Tensor, axis: Any = None) -> Tensor:
    # int64: float32 stops counting at 2**24, and TensorFlow sums int32 on the host
    return tf.cast(tf.reduce_sum(tf.cast(mask, tf.int64), axis), _F8)


def _share(mask: Tensor) -> Tensor:
    return tf.reduce_mean(tf.cast(mask, tf.float32))


def tensor_scalars(x: Tensor) -> Tensor:
    """Returns ``float64[len(SCALARS)]`` for a dense numeric tensor of any shape.

    min, max, mean and m2 (sum of squared deviations from the mean) are over finite values; min and max are +inf and
    -inf, the mean 0, where there are none.
    """
    floating = x.dtype.is_floating
    v = numeric(x)
    size = tf.cast(tf.size(v, out_type=tf.int64), _F8)
    zero = tf.constant(0.0, _F8)
    if floating:
        finite = tf.math.is_finite(v)
        n_finite = _total(finite)
        wide = tf.cast(tf.where(finite, v, tf.constant(0, v.dtype)), _F8)
        low = tf.reduce_min(tf.where(finite, v, _inf(v.dtype)))
        high = tf.reduce_max(tf.where(finite, v, _inf(v.dtype, -1)))
        nans = _total(tf.math.is_nan(v))
        infs = size - n_finite - nans
        negative_infs = _total(tf.equal(v, _inf(v.dtype, -1)))
        whole = _total(tf.logical_and(finite, tf.equal(v, tf.round(v))))
    else:
        n_finite = whole = size
        wide = tf.cast(v, _F8)
        low, high = tf.reduce_min(v), tf.reduce_max(v)
        nans = infs = negative_infs = zero
    # float64: sums of squares of float32 overflow from 2e19 on, and lose the small spread of values far from 0
    mean = tf.reduce_sum(wide) / tf.maximum(n_finite, 1.0)
    squares = tf.square(wide - mean)
    m2 = tf.reduce_sum(tf.where(finite, squares, zero) if floating else squares)
    zeros = _total(tf.equal(v, tf.constant(0, v.dtype)))
    return tf.stack(
        [
            size,
            tf.cast(low, _F8),
            tf.cast(high, _F8),
            mean,
            m2,
            nans,
            infs,
            negative_infs,
            zeros,
            whole,
            *_row_scalars(v),
        ]
    )


def _row_scalars(v: Tensor) -> list[Tensor]:
    """Returns rows, one-hot rows, smallest and largest sum along the last axis; NaN sums without such an axis."""
    nan = tf.constant(np.nan, _F8)
    if v.shape.rank is None or v.shape.rank < 2 or v.shape[-1] == 1:
        return [tf.zeros([], _F8), tf.zeros([], _F8), nan, nan]
    sums = tf.reduce_sum(v, -1)
    one, none = tf.constant(1, v.dtype), tf.constant(0, v.dtype)
    ones = tf.reduce_sum(tf.cast(tf.equal(v, one), v.dtype), -1)
    zeros = tf.reduce_sum(tf.cast(tf.equal(v, none), v.dtype), -1)
    one_hot = tf.logical_and(tf.equal(ones, one), tf.equal(zeros, tf.cast(tf.shape(v)[-1] - 1, v.dtype)))
    return [
        tf.cast(tf.size(sums, out_type=tf.int64), _F8),
        _total(one_hot),
        tf.cast(tf.reduce_min(sums), _F8),
        tf.cast(tf.reduce_max(sums), _F8),
    ]


def even_indices(size: Tensor, limit: int) -> Tensor:
    """Returns ``int64[min(size, limit)]``: evenly spaced indices below `size`."""
    size = tf.cast(size, tf.int64)
    n = tf.minimum(size, tf.constant(limit, tf.int64))
    return tf.range(n, dtype=tf.int64) * size // tf.maximum(n, 1)


def quantiles(x: Tensor) -> Tensor:
    """Returns ``float32[N_QUANTILES]``: quantiles of the finite values, interpolated linearly; NaN if there are none.

    Of more than `QUANTILE_ELEMENTS` values evenly spaced ones are taken.
    """
    flat = tf.reshape(numeric(x), [-1])
    static = flat.shape[0]
    if static is None or static > QUANTILE_ELEMENTS:
        flat = tf.gather(flat, even_indices(tf.size(flat, out_type=tf.int64), QUANTILE_ELEMENTS))
    flat = tf.cast(flat, tf.float32)
    infinity = tf.constant([-np.inf], tf.float32)
    finite = tf.math.is_finite(flat)
    last = tf.maximum(tf.reduce_sum(tf.cast(finite, tf.float32)) - 1, 0.0)
    # One infinity more at the end: an empty tensor has something to gather from. Falling, as top_k sorts.
    falling = tf.concat([tf.where(finite, flat, infinity), infinity], 0)
    falling = tf.math.top_k(falling, tf.size(falling)).values
    place = tf.constant(1 - _LEVELS, tf.float32) * last
    before = tf.floor(place)
    weight = place - before
    nearest = tf.cast(before, tf.int32)
    high = tf.gather(falling, nearest)
    low = tf.gather(falling, tf.minimum(nearest + 1, tf.cast(last, tf.int32)))
    # weighted ends rather than high + weight * (low - high): the difference of two large values may overflow
    between = tf.where(weight > 0, high * (1 - weight) + low * weight, high)
    return tf.where(tf.math.is_finite(between), between, tf.constant(np.nan, tf.float32))


def _examples(x: Tensor, limit_elements: int) -> Tensor:
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
    return x[: max(1, limit_elements // max(1, per_example))]


def features(x: Tensor, axis: int, kept: Sequence[int]) -> Tensor:
    """Returns ``float64[len(FEATURE_PARTS) * len(kept)]``, part by part, for the features `kept` along `axis`.

    Statistics are over all other axes and over finite values, of at most `FEATURE_ELEMENTS` values (the first
    examples of the batch, at least one).
    """
    v = numeric(_examples(x, FEATURE_ELEMENTS))
    rank = x.shape.rank
    if axis != rank - 1:
        v = tf.transpose(v, [*(i for i in range(rank) if i != axis), axis])
    width = v.shape[-1]
    v = tf.reshape(v, [-1, width])
    if len(kept) != width:
        v = tf.gather(v, tf.constant(list(kept), tf.int32), axis=1)
    finite = tf.math.is_finite(v)
    count = _total(finite, 0)
    low = tf.reduce_min(tf.where(finite, v, _inf(v.dtype)), 0)
    high = tf.reduce_max(tf.where(finite, v, _inf(v.dtype, -1)), 0)
    wide = tf.cast(tf.where(finite, v, tf.constant(0, v.dtype)), _F8)
    mean = tf.reduce_sum(wide, 0) / tf.maximum(count, 1.0)
    m2 = tf.reduce_sum(tf.where(finite, tf.square(wide - mean), tf.constant(0, _F8)), 0)
    return tf.concat([tf.cast(low, _F8), tf.cast(high, _F8), mean, m2, count], 0)


def class_counts(x: Tensor, n_classes: int, one_hot: bool) -> Tensor:
    """Returns ``float64[n_classes]``: how often each class id occurs; ids outside the range are not counted.

    Of more than ``CLASS_COMPARISONS / n_classes`` ids evenly spaced ones are counted, and scaled up.

    Args:
        x: Class ids of any shape, or, with `one_hot`, rows of `n_classes` on the last axis.
        n_classes: Number of classes.
        one_hot: Whether rows are summed instead.
    """
    v = numeric(x)
    if one_hot:
        rows = tf.reshape(v, [-1, n_classes])
        return tf.cast(tf.reduce_sum(tf.where(tf.math.is_finite(rows), rows, tf.zeros_like(rows)), 0), _F8)
    flat = tf.reshape(v, [-1])
    size = tf.size(flat, out_type=tf.int64)
    flat = tf.gather(flat, even_indices(size, CLASS_COMPARISONS // n_classes))
    # Comparisons rather than a bincount: XLA compiles the latter to a scatter that changes how it orders the step
    # around it, and with that the last bits of the training's result.
    matches = tf.equal(flat[:, None], tf.cast(tf.range(n_classes), flat.dtype)[None])
    seen = tf.maximum(tf.size(flat, out_type=tf.int64), 1)
    return tf.reduce_sum(tf.cast(matches, _F8), 0) * tf.cast(size, _F8) / tf.cast(seen, _F8)


def bad_examples(x: Tensor) -> Tensor:
    """Returns ``float64[MAX_BAD_EXAMPLES]``: indices of the first examples with a NaN or infinity, padded with -1."""
    if not x.dtype.is_floating or x.shape.rank == 0:
        return tf.fill([MAX_BAD_EXAMPLES], tf.constant(-1, _F8))
    v = numeric(x)
    bad = tf.reduce_any(tf.logical_not(tf.math.is_finite(v)), list(range(1, x.shape.rank)))
    bad = tf.concat([bad, tf.zeros([MAX_BAD_EXAMPLES], tf.bool)], 0)
    n = tf.size(bad)
    order = tf.where(bad, n - tf.range(n), tf.zeros([n], tf.int32))
    first = tf.math.top_k(order, MAX_BAD_EXAMPLES).values
    return tf.cast(tf.where(first > 0, n - first, -tf.ones_like(first)), _F8)


def shape_vector(x: Tensor) -> Tensor:
    """Returns ``float64[MAX_RANK]``: the shape, padded with -1."""
    rank = min(x.shape.rank, MAX_RANK)
    shape = tf.cast(tf.shape(x, out_type=tf.int64), _F8)
    return tf.concat([shape, tf.constant([-1.0] * (MAX_RANK - rank), _F8)], 0)[:MAX_RANK]


def example_ids(inputs: Sequence[Tensor]) -> Tensor:
    """Returns ``float64[MAX_EXAMPLE_IDS]``: 32-bit fingerprints of the first examples, padded with 0.

    A fingerprint is a multiply-shift hash (Dietzfelbinger et al. 1997) over at most `ID_ELEMENTS` evenly spaced
    elements of each input, in integer arithmetic, so that it doesn't depend on the order of summation: equal examples
    have equal fingerprints in every batch, on every device. 0 is never the fingerprint of an example.
    """
    total: Tensor = None
    for k, x in enumerate(inputs):
        rows = x[:MAX_EXAMPLE_IDS]
        n = tf.shape(rows)[0]
        flat = tf.reshape(rows, [n, -1]) if x.shape.rank > 1 else rows[:, None]
        width = tf.shape(flat, out_type=tf.int64)[1]
        flat = tf.gather(flat, even_indices(width, ID_ELEMENTS), axis=1)
        # adding 0 makes -0.0 and 0.0 the same example
        bits = tf.bitcast(tf.cast(flat, tf.float32) + 0.0, tf.uint32)
        factors = tf.constant(np.random.default_rng(20_011 + k).integers(1, 2**31, ID_ELEMENTS, np.uint32) * 2 + 1)
        mixed = bits * factors[: tf.shape(flat)[1]]
        # the upper half has the good bits of a product; a row's sum must see them before they are added
        mixed = tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, tf.constant(15, tf.uint32)))
        mixed = mixed * tf.constant(2_246_822_519, tf.uint32)
        hashed = tf.reduce_sum(mixed, 1)
        total = hashed if total is None else total * tf.constant(31, tf.uint32) + hashed
    if total is None:
        return tf.zeros([MAX_EXAMPLE_IDS], _F8)
    ids = tf.maximum(tf.cast(total, _F8), 1.0)
    return tf.concat([ids, tf.zeros([MAX_EXAMPLE_IDS - tf.shape(ids)[0]], _F8)], 0)


def layer_row(x: Tensor, unit_axis: int | None, bound: tuple[float, float] | None) -> tuple[Tensor, Tensor]:
    """Returns ``float32[len(LAYER_COLUMNS)]`` of an activation, and a scalar that is finite if all of `x` is.

    Args:
        x: A floating activation.
        unit_axis: Axis of the units, where dead units are to be counted.
        bound: Lowest and highest value of a saturating activation; values in the outer 1 % of it are counted.
    """
    part = _examples(x, LAYER_ELEMENTS)
    v = tf.cast(part, tf.float32)
    mean = tf.reduce_mean(v)
    std = tf.sqrt(tf.reduce_mean(tf.square(v - mean)))
    nan = tf.constant(np.nan, tf.float32)
    dead = saturated = nan
    size = tf.abs(v)
    if unit_axis is not None:
        size = tf.reduce_max(size, [i for i in range(x.shape.rank) if i != unit_axis % x.shape.rank])
        dead = _share(tf.equal(size, 0.0))
    if bound is not None:
        margin = 0.01 * (bound[1] - bound[0])
        saturated = _share(tf.logical_or(v < bound[0] + margin, v > bound[1] - margin))
    row = tf.stack([mean, std, tf.reduce_max(size), _share(tf.equal(v, 0.0)), dead, saturated])
    return row, mean if part is x else tf.cast(tf.reduce_sum(x), tf.float32)


def nonfinite_count(x: Tensor) -> Tensor:
    """Returns a float32 scalar: NaN and infinities in a floating tensor."""
    return tf.cast(_total(tf.logical_not(tf.math.is_finite(x))), tf.float32)


def nonfinite_counts(tensors: Sequence[Tensor], health: Tensor) -> Tensor:
    """Returns ``float32[len(tensors)]``: non-finite values of each, counted only if `health` is not finite.

    A sum that is finite proves its terms to be (one that is not may also have overflowed): healthy steps pay nothing.
    """
    if not tensors:
        return tf.zeros([0], tf.float32)
    return tf.cond(
        tf.reduce_all(tf.math.is_finite(health)),
        lambda: tf.zeros([len(tensors)], tf.float32),
        lambda: tf.stack([nonfinite_count(t) for t in tensors]),
    )


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


def gradient_row(gradient: Tensor) -> Tensor:
    """Returns ``float32[3]`` of a dense gradient: half the sum of squares, largest magnitude, fraction of zeros."""
    zeros = _share(tf.equal(gradient, tf.constant(0, gradient.dtype)))
    return tf.stack([half_squares(gradient), tf.cast(tf.reduce_max(tf.abs(gradient)), tf.float32), zeros])


def half_squares(x: Tensor) -> Tensor:
    """Returns a float32 scalar: half the sum of squares of a floating tensor, which is one op."""
    return tf.cast(tf.nn.l2_loss(x), tf.float32)


def weight_sample(value: Tensor) -> Tensor:
    """Returns at most `UPDATE_ELEMENTS` evenly spaced elements of a weight, as a float32 or float64 vector."""
    flat = tf.reshape(value, [-1])
    size = flat.shape[0]
    if size is not None and size > UPDATE_ELEMENTS:
        flat = tf.gather(flat, tf.constant(np.arange(UPDATE_ELEMENTS, dtype=np.int64) * size // UPDATE_ELEMENTS))
    return flat if flat.dtype in (tf.float32, tf.float64) else tf.cast(flat, tf.float32)
