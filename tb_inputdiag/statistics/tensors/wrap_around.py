"""Whether the values of 8-bit data jump from one end of the range to the other, as integers that wrap around do.

256 is 0 in ``uint8``. So a picture, or a signal, that rises beyond 255 goes on at 0. Neighbouring pixels (or steps)
that are in truth close are then at opposite ends of the range, and values are as frequent on either side of the seam.
The values are placed between the smallest (0) and the largest (255) ones of the examples that are compared. Only values
on a grid of 256 or 128 equidistant levels are judged, so floats are, too, if they were 8-bit integers and only
rescaled. NaN and infinities count as 0.

`wrap_counts` are `COUNTS`:

- `far` pairs of neighbours are more than 224 levels apart, `middle` pairs are 160 to 224 levels apart. Pairs with the
  smallest or the largest value are left out: clipped values, paper and ink stand there.
- `opposite_near` and `opposite_further` are the pairs of values from the lowest 33 and the highest 33 levels: once for
  each of the two that is on levels 1 to 8 from its end, and for each on levels 9 to 32.
- `center` is the number of values on the 64 levels in the middle of the range.
- `low_edge`, `low_near` and `low_further` are the values on the lowest level, on the next 8 and on the next 24. On a
  grid of 128 levels, which is what doubling leaves, the first one is halved. `high_...` are the same from above.

`excess` is 8 times `far` divided by `middle`: 1 for independent values that are equally frequent, less for pictures and
signals, and more if values wrap around. `unevenness` says how far densities at the ends are from equal: the largest
factor, at least 1, between neighbouring stretches, and between the two ends. The seam is at no special value of what
was recorded, so it is near 1 there. `fill` is the density in the middle divided by that near the ends: near 0 if values
lie at two levels. `nearness` is how much more often a value near an end has a neighbour at the other end than a value
further away: 1 if both ends are levels of their own, more if the range goes on behind the end.

All are of the first examples, of at most `MAX_VALUES` values together, and NaN for what is not a dense input with two
or three axes besides the batch, or not on the grid. Neighbours are those along the second axis of an example with three
axes, which runs over pixels wherever the channels are, and along the first one of two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.selection import examples_within, first_examples
from tb_inputdiag.statistics.tensors import Values, as_reduced, values_of

MAX_VALUES = 65_536
MIN_LENGTH = 8
"""Pixels or steps of the axis along which neighbours are compared."""

NAME = "wrap_around"
_ENDS = tuple(f"{end}_{part}" for end in ("low", "high") for part in ("edge", "near", "further"))
COUNTS = ("far", "middle", "opposite_near", "opposite_further", "center", *_ENDS)
NUMBERS = ("values", "fine", "coarse", *COUNTS)
"""`fine` and `coarse` are the values on a grid of 256 and of 128 levels."""
WIDTH = RAW_WIDTH = len(NUMBERS)
DTYPE: Literal["float64"] = "float64"
ABSENT = (0.0,) * WIDTH

_TOP = 255.0
_COARSE = 127.0
_OFF_GRID = 0.02
"""How far a value may be from its level: rescaled float32 values are off by 0.001."""
_MIN_ON_GRID = 0.999
_TINY = 1e-30
_HALF = 0.5
_NEAR, _FURTHER = 8.5, 32.5
_CENTER = (95.5, 159.5)
_MIDDLE, _FAR = 160.5, 224.5
"""Between levels, so that rounding does not matter."""


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def _axis(layout: TensorLayout) -> int | None:
    """Returns the axis of the batch along which neighbours are compared; None if the tensor is not judged."""
    shape = layout.shape or ()
    if layout.role != "input" or layout.stage != "fed" or layout.kind != "dense" or len(shape) not in (3, 4):
        return None
    if any(size is None for size in shape[1:]) or (shape[len(shape) - 2] or 0) < MIN_LENGTH:
        return None
    return len(shape) - 2


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns `NUMBERS` of one tensor."""
    axis = _axis(values.layout)
    if axis is None:
        return xp.constant(ABSENT, "float64")
    v = xp.cast(first_examples(xp, values.array, MAX_VALUES), "float32")
    v = xp.where(xp.is_finite(v), v, _number(xp, 0))
    low = xp.min(v)
    unit = (v - low) / xp.maximum(xp.max(v) - low, _number(xp, _TINY))
    levels = unit * _number(xp, _TOP)
    length = int((xp.static_shape(v) or ())[axis] or 0)
    before, after = (xp.take(levels, xp.constant(np.arange(i, length - 1 + i), "int32"), axis) for i in (0, 1))
    lower, upper = xp.minimum(before, after), xp.maximum(before, after)
    inside = (lower > _number(xp, _HALF)) & (upper < _number(xp, _TOP - _HALF))
    apart = upper - lower
    far = apart > _number(xp, _FAR)
    middle = (apart > _number(xp, _MIDDLE)) & ~far
    found = [xp.size(v, "float64"), _on_grid(xp, levels), _on_grid(xp, unit * _number(xp, _COARSE))]
    found += [xp.count(far & inside), xp.count(middle & inside)]
    found += [*_opposite(xp, lower, _number(xp, _TOP) - upper), _center(xp, levels)]
    for distance in (levels, _number(xp, _TOP) - levels):
        within = [xp.count(distance < _number(xp, limit)) for limit in (_HALF, _NEAR, _FURTHER)]
        found += [within[0], within[1] - within[0], within[2] - within[1]]
    return xp.stack(found)


def _number(xp: Namespace, value: float) -> Array:
    return xp.constant(value, "float32")


def _opposite(xp: Namespace, low: Array, high: Array) -> list[Array]:
    """Returns `opposite_near` and `opposite_further` of pairs, from how far each value is from its end."""
    both = (low < _number(xp, _FURTHER)) & (high < _number(xp, _FURTHER))
    found = []
    for limits in ((_HALF, _NEAR), (_NEAR, _FURTHER)):
        start, end = (_number(xp, limit) for limit in limits)
        found.append(xp.count(both & (low > start) & (low < end)) + xp.count(both & (high > start) & (high < end)))
    return found


def _center(xp: Namespace, levels: Array) -> Array:
    start, end = (_number(xp, limit) for limit in _CENTER)
    return xp.count((levels > start) & (levels < end))


def _on_grid(xp: Namespace, levels: Array) -> Array:
    return xp.count(xp.absolute(levels - xp.round(levels)) < _number(xp, _OFF_GRID))


finish = as_reduced


def of_whole(rows: NDArray[Any], layout: TensorLayout) -> F8:
    """Returns `NUMBERS` of the first examples of a whole data set, ``float64[WIDTH, 1]``.

    Args:
        rows: Examples in random order.
        layout: What they are.
    """
    if _axis(layout) is None or not len(rows):
        return np.asarray(ABSENT)[:, None]
    rows = rows[: examples_within(int(np.prod(rows.shape[1:])), MAX_VALUES)]
    return np.asarray(reduce(NUMPY, values_of(NUMPY, rows, layout, NUMPY.shape(rows))))[:, None]


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns `NUMBERS` of all parts together."""
    return np.asarray(np.sum(parts, 0))


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns ``wrap_counts``, ``[T, len(COUNTS)]``."""
    table = dict(zip(NUMBERS, numbers, strict=True))
    enough = _MIN_ON_GRID * table["values"]
    fine = table["fine"] >= enough
    known = (table["low_edge"] < table["values"]) & (fine | (table["coarse"] >= enough))
    for name in ("low_edge", "high_edge"):
        table[name] = np.where(fine, table[name], table[name] / 2)
    return {"wrap_counts": np.where(known, np.stack([table[name] for name in COUNTS]), np.nan).T}


def excess(counts: F8) -> float:
    """Returns how much more frequent `far` pairs are than in independent values.

    Args:
        counts: `COUNTS` of one tensor, ``[len(COUNTS)]``.
    """
    far, middle = counts[:2].tolist()
    return float(8 * far / max(middle, 1))


def unevenness(counts: F8) -> float:
    """Returns the largest factor between the densities of values around the ends of the range, at least 1.

    Args:
        counts: `COUNTS` of one tensor, ``[len(COUNTS)]``.
    """
    densities = counts[-6:].reshape(2, 3) / (1, 8, 24)
    if not densities.all():
        return float("inf")
    logs = np.log(densities)
    return float(np.exp(max(abs(np.diff(logs, axis=1)).max(), abs(logs[0, 1] - logs[1, 1]))))


def fill(counts: F8) -> float:
    """Returns the density of values in the middle of the range divided by that near its ends.

    Args:
        counts: `COUNTS` of one tensor, ``[len(COUNTS)]``.
    """
    table = dict(zip(COUNTS, counts.tolist(), strict=True))
    ends = (table["low_near"] + table["high_near"]) / 16
    return table["center"] / 64 / ends if ends else float("inf")


def nearness(counts: F8) -> float:
    """Returns how much more often values near an end have neighbours at the other end than values further in have.

    Args:
        counts: `COUNTS` of one tensor, ``[len(COUNTS)]``.
    """
    table = dict(zip(COUNTS, counts.tolist(), strict=True))
    near, further = table["low_near"] + table["high_near"], table["low_further"] + table["high_further"]
    if not (near and further):
        return float("nan")
    rates = table["opposite_near"] / near, table["opposite_further"] / further
    return rates[0] / rates[1] if rates[1] else float("inf")


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the column by NumPy, from a histogram of the levels."""
    nothing = {"wrap_counts": np.full(len(COUNTS), np.nan)}
    axis = _axis(layout)
    if axis is None or not len(x):
        return nothing
    compared = np.asarray(x[: max(1, MAX_VALUES // int(np.prod(x.shape[1:])))]).astype(np.float32)
    compared = np.nan_to_num(compared, nan=0, posinf=0, neginf=0)
    low, high = compared.min(), compared.max()
    if not _TINY < high - low < np.inf:
        return nothing
    unit = (compared - low) / (high - low)
    steps = next((n for n in (255, 127) if (abs(unit * n - np.rint(unit * n)) < _OFF_GRID).mean() >= _MIN_ON_GRID), 0)
    if not steps:
        return nothing
    levels = np.moveaxis(unit, axis, 0) * np.float32(255)
    ends = [np.histogram(side, [-1, 0.5, 8.5, 32.5])[0].astype(float) for side in (levels, 255 - levels)]
    for end in ends:
        end[0] *= 1 if steps == 255 else 0.5
    pairs = np.sort(np.stack([levels[:-1], levels[1:]]), 0)
    apart = (pairs[1] - pairs[0])[(pairs[0] > 0.5) & (pairs[1] < 254.5)]
    far = [(apart > 224.5).sum(), ((apart > 160.5) & (apart <= 224.5)).sum()]
    sides = np.stack([pairs[0], 255 - pairs[1]])
    sides = sides[:, (sides < 32.5).all(0)]
    opposite = np.histogram(sides, [0.5, 8.5, 32.5])[0]
    center = np.histogram(levels, [95.5, 159.5])[0]
    return {"wrap_counts": np.concatenate([far, opposite, center, *ends])}
