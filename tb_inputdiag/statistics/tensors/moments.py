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
_OF_ALL = ("min", "max", "middle", "half_squares")
"""Of all values; the squares are of deviations from the middle. They mean nothing if a value is not finite."""
_OF_FINITE = ("finite_min", "finite_max", "finite_mean", "finite_half_squares", "finite", "nans", "negative_infs")
"""Of finite values. They are for arrays in which NaN or infinities spoil the sums, and mean nothing for all others."""
_NONE_FINITE = (np.inf, -np.inf, *(0.0,) * 5)
"""`_OF_FINITE` of no values: whole numbers need them only where a batch is empty."""
RAW_NUMBERS = (*_OF_ALL, "count", "deviations", "whole_or_infinite_count", *_OF_FINITE)
"""`deviations` is the sum of all deviations from the middle. The first four are reduced in the dtype of the values."""
RAW_WIDTH = len(RAW_NUMBERS)
DTYPE: Literal["float64"] = "float64"
ABSENT = (float("nan"),) * RAW_WIDTH

_COUNTS = ("count", "nan_count", "inf_count", "negative_inf_count")
_COUNT_PLACES = [NUMBERS.index(name) for name in _COUNTS]
_LEAST_SQUARES = 1e-30
"""Half a sum of squares below which single squares may have vanished in float32."""
_SUMMANDS = 32
"""Values that are added up in float32 before float64 takes over: that many are exact enough, and few are left."""


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns `RAW_NUMBERS` of one tensor."""
    v, size = values.array, values.size
    numbers, deviations = _of_all(xp, v)
    if not values.floating:
        whole, others = size, xp.constant(_NONE_FINITE, "float64")
    else:
        # an infinity is its own rounded value, a NaN is not
        whole = xp.count(xp.equal(v, xp.round(v)))
        others = xp.unless(_is_exact(xp, numbers), lambda: _of_finite(xp, v), len(_OF_FINITE))
    return xp.concat([xp.cast(xp.stack(numbers), "float64"), xp.stack([size, deviations, whole]), others])


def _of_all(xp: Namespace, v: Array) -> tuple[list[Array], Array]:
    """Returns `_OF_ALL` of all values in few passes, and the sum of their deviations from the middle."""
    low, high = xp.min(v), xp.max(v)
    # Deviations from a value near the mean: in float32 they are exact for data with a small spread far from 0, and 0
    # if all values are equal. It is rounded to some sixteenth of the range (2**20 times the range has no bits below
    # that), because differences from a number with many digits would all be rounded to the same side.
    middle = xp.minimum(xp.maximum(xp.mean(v), low), high)
    coarse = (high - low) * xp.constant(2.0**20, xp.dtype(v))
    middle = (middle + coarse) - coarse
    deviations = v - middle
    return [low, high, middle, xp.half_squares(deviations)], _wide_sum(xp, deviations)


def _is_exact(xp: Namespace, of_all: Sequence[Array]) -> Array:
    """Returns whether `_OF_ALL` are right: all values and their squares are finite, and not all squares vanish."""
    low, high, _, half = of_all
    return xp.is_finite(half) & ((half > xp.constant(_LEAST_SQUARES, xp.dtype(half))) | xp.equal(low, high))


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


def _of_finite(xp: Namespace, v: Array) -> Array:
    """Returns `_OF_FINITE`."""
    dtype = xp.dtype(v)
    finite = xp.is_finite(v)
    is_finite = xp.cast(finite, "float64")
    n_finite = xp.sum(is_finite)
    low = xp.min(xp.where(finite, v, xp.constant(np.inf, dtype)))
    high = xp.max(xp.where(finite, v, xp.constant(-np.inf, dtype)))
    # float64: sums of squares of float32 overflow from 2e19 on
    wide = xp.cast(xp.where(finite, v, xp.constant(0, dtype)), "float64")
    mean = xp.sum(wide) / xp.maximum(n_finite, xp.constant(1.0, "float64"))
    half = xp.half_squares((wide - mean) * is_finite)
    of_wide = [mean, half, n_finite, xp.count(xp.is_nan(v)), xp.count(xp.equals(v, -np.inf))]
    return xp.concat([xp.cast(xp.stack([low, high]), "float64"), xp.stack(of_wide)])


def finish(raw: F8) -> F8:
    """Returns `NUMBERS`."""
    table = dict(zip(RAW_NUMBERS, raw, strict=True))
    count, half = table["count"], table["half_squares"]
    rest = table["deviations"] / np.maximum(count, 1)
    m2 = np.maximum(2 * half - count * np.square(rest), 0)
    exact = np.isfinite(half) & ((half > _LEAST_SQUARES) | (table["min"] == table["max"]))
    infs = count - table["finite"] - table["nans"]
    return np.stack(
        [
            count,
            np.where(exact, table["min"], table["finite_min"]),
            np.where(exact, table["max"], table["finite_max"]),
            np.where(exact, table["middle"] + rest, table["finite_mean"]),
            np.where(exact, m2, 2 * table["finite_half_squares"]),
            np.where(exact, 0, table["nans"]),
            np.where(exact, 0, infs),
            np.where(exact, 0, table["negative_infs"]),
            table["whole_or_infinite_count"],
        ]
    )


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
