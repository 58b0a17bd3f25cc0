"""Count, extremes, mean and standard deviation; NaN, infinities and whole numbers.

`min`, `max`, `mean` and `std` (population, in the unit of the values) are over finite values, and NaN where there are
none. `whole_fraction` is the fraction 0..1 of all values that equal their rounded value; NaN and infinities are not
whole.

The variance is two-pass (mean first, then squared deviations): a one-pass variance cancels for data far from 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.pooling import Spread, pooled
from tb_inputdiag.statistics.tensors import Values

NAME = "moments"
NUMBERS = (
    "count",
    "min",
    "max",
    "mean",
    "m2",
    "nan_count",
    "inf_count",
    "negative_inf_count",
    "whole_or_infinite_count",
)
"""`m2` is the sum of squared deviations from the mean. min, max and mean of no finite values: +inf, -inf and 0."""
WIDTH = len(NUMBERS)
DTYPE: Literal["float64"] = "float64"
ABSENT = (float("nan"),) * WIDTH

_COUNTS = ("count", "nan_count", "inf_count", "negative_inf_count")
_COUNT_PLACES = [NUMBERS.index(name) for name in _COUNTS]
_NONE_FINITE = (0.0, np.inf, -np.inf, *(0.0,) * (WIDTH - 3))
_LEAST_SQUARES = 1e-30
"""Half a sum of squares below which single squares may have vanished in float32."""
_SUMMANDS = 32
"""Values that are added up in float32 before float64 takes over: that many are exact enough, and few are left."""


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns `NUMBERS` of one tensor."""
    v, size = values.array, values.size
    if not values.floating:
        zero = xp.constant(0.0, "float64")
        moments, _ = _of_all(xp, v, size)
        numbers = xp.stack([size, *moments, zero, zero, zero, size])
        return xp.where(size > zero, numbers, xp.constant(_NONE_FINITE, "float64"))
    # an infinity is its own rounded value, a NaN is not
    whole = xp.count(xp.equal(v, xp.round(v)))
    zero = xp.constant(0.0, "float64")
    moments, usable = _of_all(xp, v, size)
    exact = xp.stack([size, *moments, zero, zero, zero, whole])
    rest = v if xp.needs_static_sizes() else xp.all_unless(v, usable)
    return xp.where(usable, exact, xp.stack([size, *_of_finite(xp, rest), whole]))


def _of_all(xp: Namespace, v: Array, size: Array) -> tuple[list[Array], Array]:
    """Returns min, max, mean and m2 of all values in few passes, and a bool: whether they are right.

    They are where all values and their squares are finite and not all squares vanish, as in ordinary data.
    """
    low, high = xp.min(v), xp.max(v)
    dtype = xp.dtype(v)
    # Deviations from a value near the mean: in float32 they are exact for data with a small spread far from 0, and 0
    # if all values are equal. It is rounded to some sixteenth of the range (2**20 times the range has no bits below
    # that), because differences from a number with many digits would all be rounded to the same side.
    middle = xp.minimum(xp.maximum(xp.mean(v), low), high)
    coarse = (high - low) * xp.constant(2.0**20, dtype)
    middle = (middle + coarse) - coarse
    deviations = v - middle
    half = xp.half_squares(deviations)
    rest = _wide_sum(xp, deviations) / xp.maximum(size, xp.constant(1.0, "float64"))
    squares = xp.cast(half, "float64") * xp.constant(2.0, "float64")
    m2 = xp.maximum(squares - size * xp.square(rest), xp.constant(0.0, "float64"))
    numbers = [xp.cast(low, "float64"), xp.cast(high, "float64"), xp.cast(middle, "float64") + rest, m2]
    spread = (half > xp.constant(_LEAST_SQUARES, dtype)) | xp.equal(low, high)
    return numbers, xp.is_finite(half) & spread


def _wide_sum(xp: Namespace, v: Array) -> Array:
    """Returns the sum as float64; in the dtype of `v` only along the last axes, of at least `_SUMMANDS` values."""
    axes: list[int] = []
    summands = 1
    shape = xp.static_shape(v) or ()
    for axis in reversed(range(1, len(shape))):
        length = shape[axis]
        if length is None or summands >= _SUMMANDS:
            break
        axes.append(axis)
        summands *= length
    return xp.sum(xp.cast(xp.sum(v, tuple(axes)) if axes else v, "float64"))


def _of_finite(xp: Namespace, v: Array) -> list[Array]:
    """Returns min, max, mean and m2 of the finite values; NaN, infinities, negative infinities."""
    dtype = xp.dtype(v)
    finite = xp.is_finite(v)
    is_finite = xp.cast(finite, "float64")
    n_finite = xp.sum(is_finite)
    low = xp.min(xp.where(finite, v, xp.constant(np.inf, dtype)))
    high = xp.max(xp.where(finite, v, xp.constant(-np.inf, dtype)))
    nans = xp.count(xp.is_nan(v))
    infs = xp.size(v, "float64") - n_finite - nans
    negative_infs = xp.count(xp.equals(v, -np.inf))
    # float64: sums of squares of float32 overflow from 2e19 on
    wide = xp.cast(xp.where(finite, v, xp.constant(0, dtype)), "float64")
    mean = xp.sum(wide) / xp.maximum(n_finite, xp.constant(1.0, "float64"))
    m2 = xp.half_squares((wide - mean) * is_finite) * xp.constant(2.0, "float64")
    return [xp.cast(low, "float64"), xp.cast(high, "float64"), mean, m2, nans, infs, negative_infs]


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns `NUMBERS` of all parts together."""
    tables = [dict(zip(NUMBERS, part, strict=True)) for part in parts]
    spread = pooled([Spread(_finite_count(table), table["mean"], table["m2"]) for table in tables])
    merged = {name: np.sum([table[name] for table in tables], 0) for name in NUMBERS}
    merged["min"] = np.min([table["min"] for table in tables], 0)
    merged["max"] = np.max([table["max"] for table in tables], 0)
    merged["mean"], merged["m2"] = spread.mean, spread.m2
    return np.stack([merged[name] for name in NUMBERS])


def _finite_count(table: Mapping[str, F8]) -> F8:
    return np.asarray(np.nan_to_num(table["count"] - table["nan_count"] - table["inf_count"], nan=0.0))


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns the columns of this module's docstring and the counts."""
    table = dict(zip(NUMBERS, numbers, strict=True))
    finite = _finite_count(table)
    counts = np.nan_to_num(numbers[_COUNT_PLACES], nan=0.0)
    found: dict[str, NDArray[Any]] = dict(zip(_COUNTS, counts, strict=True))
    found |= {name: np.where(finite > 0, table[name], np.nan) for name in ("min", "max", "mean")}
    found["std"] = np.sqrt(table["m2"] / finite)
    found["whole_fraction"] = (table["whole_or_infinite_count"] - table["inf_count"]) / table["count"]
    return found


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the columns by NumPy."""
    wide = np.asarray(x, np.float64)
    finite = wide[np.isfinite(wide)]
    nan = float("nan")
    found = {
        "count": wide.size,
        "min": finite.min() if finite.size else nan,
        "max": finite.max() if finite.size else nan,
        "mean": finite.mean() if finite.size else nan,
        "std": finite.std() if finite.size else nan,
        "nan_count": np.isnan(wide).sum(),
        "inf_count": np.isinf(wide).sum(),
        "negative_inf_count": np.isneginf(wide).sum(),
        "whole_fraction": (np.isfinite(wide) & (wide == np.round(wide))).mean() if wide.size else nan,
    }
    return {name: np.asarray(value) for name, value in found.items()}
