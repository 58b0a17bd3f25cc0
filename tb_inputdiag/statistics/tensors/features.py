"""Extremes, mean and standard deviation of single features, over all other axes and over finite values.

In the unit of the values; NaN for a feature without finite values. The feature axis is the last one, or the channel
axis of images with channels first. Of more than `MAX_FEATURES` features evenly spaced ones are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.keras_vocabulary import image_axes
from tb_inputdiag.records import F8, MAX_FEATURES, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.pooling import Spread, pooled
from tb_inputdiag.statistics.selection import even_positions, examples_within, first_examples
from tb_inputdiag.statistics.tensors import Values, as_reduced

MAX_ELEMENTS = 1_048_576
"""Values of a tensor that are looked at: the first examples of the batch, at least one."""

NAME = "features"
NUMBERS = ("min", "max", "mean", "m2", "count")
"""`m2` is the sum of squared deviations from the mean, `count` is that of finite values."""
WIDTH = len(NUMBERS)
RAW_WIDTH = WIDTH
DTYPE: Literal["float64"] = "float64"
ABSENT = (float("nan"),) * WIDTH


def with_features(layout: TensorLayout) -> TensorLayout:
    """Returns the layout of a dense numeric tensor with the features that are described."""
    shape = layout.shape
    if shape is None or len(shape) < 2:
        return layout
    axes = image_axes(shape) if layout.role == "input" else None
    axis = axes.channel if axes is not None else len(shape) - 1
    size = shape[axis]
    if size is None:
        return layout
    kept = tuple(even_positions(size, MAX_FEATURES).tolist())
    return replace(layout, feature_axis=axis, features=kept, n_features=size)


def places(layout: TensorLayout) -> int:
    """Returns the number of features kept."""
    return len(layout.features)


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns `NUMBERS` of the features of one tensor, number by number."""
    layout = values.layout
    kept = layout.features
    v = first_examples(xp, values.array, MAX_ELEMENTS)
    v = _by_feature(xp, v, layout.feature_axis or 0)
    if len(kept) != (xp.static_shape(v) or (None,))[-1]:
        v = xp.take(v, xp.constant(kept, "int32"), 1)
    first = (0,)
    one = xp.constant(1.0, "float64")
    if not values.floating:
        wide = xp.cast(v, "float64")
        count = xp.length(v, 0, "float64") + xp.constant((0.0,) * len(kept), "float64")
        low, high = xp.min(v, first), xp.max(v, first)
        mean = xp.sum(wide, first) / xp.maximum(count, one)
        deviations = wide - mean
    else:
        dtype = xp.dtype(v)
        finite = xp.is_finite(v)
        is_finite = xp.cast(finite, "float64")
        count = xp.sum(is_finite, first)
        low = xp.min(xp.where(finite, v, xp.constant(np.inf, dtype)), first)
        high = xp.max(xp.where(finite, v, xp.constant(-np.inf, dtype)), first)
        wide = xp.cast(xp.where(finite, v, xp.constant(0, dtype)), "float64")
        mean = xp.sum(wide, first) / xp.maximum(count, one)
        deviations = (wide - mean) * is_finite
    m2 = xp.sum(xp.square(deviations), first)
    return xp.concat([xp.cast(low, "float64"), xp.cast(high, "float64"), mean, m2, count])


def _by_feature(xp: Namespace, v: Array, axis: int) -> Array:
    """Returns ``[n, features]``."""
    shape = xp.static_shape(v) or ()
    rank, width = len(shape), shape[axis]
    if axis != rank - 1:
        v = xp.transpose(v, (*(i for i in range(rank) if i != axis), axis))
    return v if rank == 2 else xp.reshape(v, (-1, int(width or 0)))


finish = as_reduced


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns `NUMBERS` of all parts together."""
    tables = [dict(zip(NUMBERS, part, strict=True)) for part in parts]
    spread = pooled([Spread(table["count"], table["mean"], table["m2"]) for table in tables])
    low = np.min([table["min"] for table in tables], 0)
    high = np.max([table["max"] for table in tables], 0)
    return np.stack([low, high, spread.mean, spread.m2, spread.n])


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns ``feature_min``, ``feature_max``, ``feature_mean`` and ``feature_std``, ``[F]`` each."""
    low, high, mean, m2, count = numbers
    return {
        "feature_min": np.where(count > 0, low, np.nan),
        "feature_max": np.where(count > 0, high, np.nan),
        "feature_mean": np.where(count > 0, mean, np.nan),
        "feature_std": np.sqrt(m2 / count),
    }


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the columns by NumPy."""
    found: dict[str, list[float]] = {f"feature_{name}": [] for name in ("min", "max", "mean", "std")}
    if layout.features:
        examples = x[: examples_within(int(np.prod(x.shape[1:], dtype=np.int64)), MAX_ELEMENTS)]
        by_feature = np.moveaxis(np.asarray(examples, np.float64), layout.feature_axis or 0, 0)
        for index in layout.features:
            values = by_feature[index][np.isfinite(by_feature[index])]
            for name, of in (("min", np.min), ("max", np.max), ("mean", np.mean), ("std", np.std)):
                found[f"feature_{name}"].append(float(of(values)) if values.size else float("nan"))
    return {name: np.asarray(values, np.float64) for name, values in found.items()}
