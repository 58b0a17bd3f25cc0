"""Whether the values of a target stand in an input, as they are or multiplied by a number and moved.

Each target is compared with each input of the same batch, row by row. A row is an example. If the target has a value
for each step of a sequence that the input has, too, a row is a step. The values of the input in one row are its
*places*.

- `copy_input` is the index of the input with the place that is most like the target, among the tensors of the layout,
  and `copy_place` is the index of that place in a row.
- `copy_residual` is 1 minus the square of their correlation, 0..1: 0 for a copy. Float32 values that were standardised
  are off by less than `EXACT`.
- `copy_equal` is the fraction 0..1 of rows in which both are equal as they are.
- `copy_share` is the fraction 0..1 of the places of all inputs whose residual is at most `EXACT`.
- `copy_rows` says how many rows differ from each other: four times the variance of the target over its squared range,
  times the rows. It is n for n rows of which half are 0 and half 1, and about 4 k for k ones among many zeros.
- `next_step_equal` and `previous_step_equal` are the fractions 0..1 of steps in which the target equals the next, or
  the previous, step of an input that has one value a step. The largest of all inputs.
- `map_residual` is that of `target_maps`, for targets with a number for each pixel of an input. Nothing else is
  compared of these.
- `pair_correlation` is that of `pair_predictions`, for a target and its prediction.
- `across_residual`, `across_number`, `down_residual` and `down_number` are those of `picture_places`, for a target of
  some numbers for a picture, as the first trainable layer reads it.

All are NaN for tensors that are not targets, and for targets without numbers, with a single value, or without an input
to compare with. Steps whose target is 0 are left out: 0 is what sequences are padded with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, TensorLayout
from tb_inputdiag.statistics import pair_predictions, picture_places, target_maps
from tb_inputdiag.statistics.namespace import Array, Namespace, is_floating, is_numeric

__all__ = ["COLUMNS", "EXACT", "NUMBERS", "Comparison", "columns", "comparisons", "merge", "reduce", "reference"]

EXACT = 1e-9
"""Residual of a copy. Values of float32 that were multiplied and moved keep 7 digits, so they leave less than 1e-11, as
long as their mean is at most 30 times their spread."""
MAX_PLACES = 1024
"""Places of an input that are compared: the first quarter and, where windows end, the last three quarters of them."""
MAX_TARGETS = 4
"""Numbers of a row of the target that are compared. For more than two there is one besides: the sum of all, each
multiplied by its index, which for one-hot rows is the class."""
MAX_VALUES = 65_536
"""Values of an input that are compared, at least `MIN_EXAMPLES` examples."""
MIN_EXAMPLES = 8
MAX_EXAMPLES = 128
MAX_COMPARISONS = 8
"""Pairs of target and input that are compared."""

NUMBERS = (
    *("rows", "place", "residual", "equal", "copies", "next_step", "previous_step"),
    *pair_predictions.NUMBERS,
    *picture_places.COLUMNS,
)
COLUMNS = (
    "copy_input",
    "copy_place",
    "copy_residual",
    "copy_equal",
    "copy_share",
    "copy_rows",
    "next_step_equal",
    "previous_step_equal",
    "map_residual",
    "pair_correlation",
    *picture_places.COLUMNS,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A target and an input, or its prediction, that it is compared with.

    Attributes:
        target: Index of the target among the tensors.
        source: Index of the input, or of the prediction.
        steps: Length of the sequence axis that both have; 0 if rows are examples.
        width: Values of the input in a row.
        targets: Values of the target in a row.
        channels: Of an input whose pixels are the rows; 0 for all other inputs.
        predicted: Whether `source` is the prediction of this target.
        picture: Height, width and channels of an input that the target may name places in; None for all others.
    """

    target: int
    source: int
    steps: int
    width: int
    targets: int
    channels: int = 0
    predicted: bool = False
    picture: tuple[int, int, int] | None = None

    @property
    def places(self) -> NDArray[np.int64]:
        """Returns the places that are compared."""
        if self.width <= MAX_PLACES:
            return np.arange(self.width)
        first = MAX_PLACES // 4
        return np.concatenate([np.arange(first), np.arange(self.width - (MAX_PLACES - first), self.width)])

    @property
    def examples(self) -> int:
        """Returns how many examples are compared at most."""
        if self.predicted:
            return pair_predictions.MAX_EXAMPLES
        if self.picture:
            return picture_places.MAX_EXAMPLES
        if self.channels:
            return target_maps.examples(self.width, self.channels)
        values = max(1, len(self.places) * max(self.steps, 1))
        return min(MAX_EXAMPLES, max(MIN_EXAMPLES, MAX_VALUES // values))

    @property
    def shifts(self) -> bool:
        """Returns whether the neighbours of each step are compared, too."""
        return self.steps > 2 and self.width == 1 and self.targets == 1


def comparisons(layouts: Sequence[TensorLayout]) -> tuple[Comparison, ...]:
    """Returns what is compared.

    Args:
        layouts: Of all tensors. Only dense numeric ones with a static shape are compared, up to three axes or maps.
    """
    found = [
        made
        for j, target in enumerate(layouts)
        if target.role == "target"
        for i, source in enumerate(layouts)
        if source.role == "input" and source.stage == "fed"
        if (made := _comparison(j, target, i, source)) is not None
    ]
    return (*found[:MAX_COMPARISONS], *_predictions_of_pairs(layouts), *_pictures(layouts))


def _pictures(layouts: Sequence[TensorLayout]) -> list[Comparison]:
    """Returns each target of some real numbers with the first picture, as the first trainable layer reads it."""
    for i, fed in enumerate(layouts):
        source = _example_shape(fed)
        if fed.role != "input" or fed.stage != "fed" or source is None:
            continue
        found = [
            Comparison(j, _as_read(layouts, i), 0, 1, shape[0], picture=sizes)
            for j, target in enumerate(layouts)
            if target.role == "target" and is_floating(target.dtype)
            if (shape := _example_shape(target)) is not None
            if (sizes := picture_places.picture_sizes(shape, source)) is not None
        ]
        if found:
            return found
    return []


def _as_read(layouts: Sequence[TensorLayout], fed: int) -> int:
    """Returns the index of a fed input as a layer reads it that other layers have changed: flipped, or rescaled."""
    of_fed = layouts[fed]
    for index, layout in enumerate(layouts):
        changed = layout.stage == "entry" and layout.sources == (of_fed.name,) and not layout.same_as_fed
        if changed and layout.shape == of_fed.shape and is_numeric(layout.dtype):
            return index
    return fed


def _predictions_of_pairs(layouts: Sequence[TensorLayout]) -> list[Comparison]:
    """Returns the targets of a model that compares two inputs, each with its prediction."""
    fed = [t.shape for t in layouts if t.role == "input" and t.stage == "fed" and _example_shape(t) is not None]
    targets, predictions = ([i for i, t in enumerate(layouts) if t.role == role] for role in ("target", "prediction"))
    if len(targets) != len(predictions) or not pair_predictions.compares_pairs(fed):
        return []
    return [
        Comparison(target, prediction, 0, 1, 1, predicted=True)
        for target, prediction in zip(targets, predictions, strict=True)
        if all(
            _example_shape(layouts[i]) is not None and pair_predictions.is_single_number(layouts[i].shape)
            for i in (target, prediction)
        )
    ]


def _comparison(j: int, target: TensorLayout, i: int, source: TensorLayout) -> Comparison | None:
    of_target, of_source = _example_shape(target), _example_shape(source)
    if of_target is None or of_source is None:
        return None
    if len(of_target) > 2 or len(of_source) > 2:
        sizes = target_maps.map_sizes(of_target, of_source)
        return None if sizes is None else Comparison(j, i, 0, sizes[0], 1, channels=sizes[1])
    if of_target and of_source and of_target[0] == of_source[0] and of_target[0] > 1:
        if len(of_target) == 2 or len(of_source) == 2 or _reads_steps(target, source):
            widths = [shape[1] if len(shape) == 2 else 1 for shape in (of_source, of_target)]
            return Comparison(j, i, of_target[0], widths[0], widths[1])
        return None  # a table against as many columns: an autoencoder, or steps of unknown meaning
    return Comparison(j, i, 0, int(np.prod(of_source)), int(np.prod(of_target)))


def _reads_steps(target: TensorLayout, source: TensorLayout) -> bool:
    """Returns whether ``[batch, n]`` of both are sequences: ids, a table of which would have other columns."""
    return not (target.dtype.startswith("float") or source.dtype.startswith("float"))


def _example_shape(layout: TensorLayout) -> tuple[int, ...] | None:
    """Returns the shape of an example; None if the tensor cannot be compared."""
    shape = layout.shape
    if layout.kind != "dense" or not is_numeric(layout.dtype) or shape is None or not 1 <= len(shape) <= 4:
        return None
    sizes = [size for size in shape[1:] if size]
    return tuple(sizes) if len(sizes) == len(shape) - 1 else None


def reduce(xp: Namespace, comparison: Comparison, target: Array, source: Array) -> Array:
    """Returns `NUMBERS` of one comparison, ``float64[len(NUMBERS)]``.

    Args:
        xp: The backend's functions.
        comparison: Which one.
        target: The target of the batch.
        source: The input of the batch.
    """
    nan = xp.constant(np.nan, "float64")
    lengths = {(xp.static_shape(x) or (None,))[0] for x in (target, source)}
    if xp.needs_static_sizes() and (None in lengths or len(lengths) > 1):
        return xp.stack([nan] * len(NUMBERS))
    # a custom step may be fed tensors of different lengths
    if None in lengths:
        n = xp.minimum(xp.length(target, 0, "int32"), xp.length(source, 0, "int32"))
        n = xp.minimum(n, xp.constant(comparison.examples, "int32"))
    else:
        n = min(comparison.examples, *(length for length in lengths if length is not None))
    if comparison.predicted:
        sums = pair_predictions.reduce(xp, xp.first(target, n), xp.first(source, n))
        of_pairs = dict(zip(pair_predictions.NUMBERS, sums, strict=True))
        return xp.stack([of_pairs.get(name, nan) for name in NUMBERS])
    if comparison.picture:
        compared = xp.first(target, n), xp.first(source, n)
        numbers = picture_places.reduce(xp, *compared, comparison.picture, comparison.targets)
        of_picture = dict(zip(picture_places.COLUMNS, numbers, strict=True))
        return xp.stack([of_picture.get(name, nan) for name in NUMBERS])
    if comparison.channels:
        maps = xp.first(target, n), xp.first(source, n)
        residual = target_maps.reduce(xp, *maps, comparison.width, comparison.channels)
        of_map = {"residual": residual, "place": xp.constant(0.0, "float64")}
        return xp.stack([of_map.get(name, nan) for name in NUMBERS])
    y = xp.reshape(xp.cast(xp.first(target, n), "float64"), (-1, comparison.targets))
    x = xp.reshape(xp.cast(xp.first(source, n), "float64"), (-1, comparison.width))
    if comparison.width > MAX_PLACES:
        x = xp.take(x, xp.constant(comparison.places, "int32"), 1)
    best = _Best(xp, exact=not is_floating(xp.dtype(target)))
    for number in _numbers_of_target(xp, y, comparison):
        best.add(number, x, comparison.steps > 0)
    shifts = _shifted(xp, x, y, comparison.steps) if comparison.shifts else [nan, nan]
    return xp.stack([*best.numbers, *shifts] + [nan] * (len(NUMBERS) - len(best.numbers) - len(shifts)))


def _numbers_of_target(xp: Namespace, y: Array, comparison: Comparison) -> list[Array]:
    """Returns vectors: the first numbers of each row, and the sum by which one-hot rows are told apart."""
    n = comparison.targets
    found = [xp.reshape(xp.take(y, xp.constant((c,), "int32"), 1), (-1,)) for c in range(min(n, MAX_TARGETS))]
    if n > 2:
        found.append(xp.sum(y * xp.constant(np.arange(n, dtype=np.float64), "float64"), (1,)))
    return found


class _Best:
    """Finds the place that is most like the target.

    Args:
        xp: The backend's functions.
        exact: Whether all numbers of the target are finite, such as integers.
    """

    def __init__(self, xp: Namespace, exact: bool) -> None:
        self._xp = xp
        self._exact = exact
        self.numbers: list[Array] = []
        """Of the best so far: the first five of `NUMBERS`."""

    def add(self, y: Array, x: Array, padded: bool) -> None:
        """Compares one number of the target with all places.

        Args:
            y: ``float64[rows]``.
            x: ``float64[rows, places]``.
            padded: Whether rows in which the target is 0 are left out.
        """
        xp = self._xp
        one, tiny = xp.constant(1.0, "float64"), xp.constant(1e-300, "float64")
        used = self._used(y, padded)
        weight = None if used is None else xp.cast(used, "float64")
        column = None if weight is None else xp.reshape(weight, (-1, 1))
        n = xp.maximum(xp.size(y, "float64") if weight is None else xp.sum(weight), one)
        if used is not None:
            y = xp.where(used, y, xp.constant(0.0, "float64"))
            x = xp.where(xp.equals(column, 1), x, xp.constant(0.0, "float64"))
        dy, dx = _weighted(y - xp.sum(y) / n, weight), _weighted(x - xp.sum(x, (0,)) / n, column)
        yy, xx = xp.sum(xp.square(dy)), xp.sum(xp.square(dx), (0,))
        xy = xp.sum(dx * xp.reshape(dy, (-1, 1)), (0,))
        varies = (xx > tiny) & (yy > tiny)
        like = xp.where(varies, xp.square(xy) / xp.maximum(xx * yy, tiny), xp.constant(0.0, "float64"))
        like = xp.where(xp.is_finite(like), like, xp.constant(0.0, "float64"))
        place = xp.argmax(like)
        copies = xp.sum(xp.cast(like > xp.constant(1 - EXACT, "float64"), "float64"))
        at_place = xp.reshape(xp.take(x, xp.reshape(place, (1,)), 1), (-1,))
        equal = xp.sum(_weighted(xp.cast(xp.equal(at_place, y), "float64"), weight)) / n
        spread = xp.square(_extent(xp, y, used))
        rows = xp.constant(4.0, "float64") * yy / xp.maximum(spread, tiny)
        found = [rows, xp.cast(place, "float64"), one - xp.max(like), equal, copies]
        if self.numbers:
            better = found[2] < self.numbers[2]
            found = [xp.where(better, new, old) for new, old in zip(found, self.numbers, strict=True)]
        self.numbers = found

    def _used(self, y: Array, padded: bool) -> Array:
        """Returns which rows are compared; None for all."""
        used = None if self._exact else self._xp.is_finite(y)
        if padded:
            known = ~self._xp.equals(y, 0)
            used = known if used is None else used & known
        return used


def _weighted(x: Array, weight: Array) -> Array:
    return x if weight is None else x * weight


def _extent(xp: Namespace, y: Array, used: Array) -> Array:
    """Returns the largest minus the smallest of the values that are used, None for all; at least 0."""
    low = high = y
    if used is not None:
        infinity = xp.constant(np.inf, "float64")
        low, high = xp.where(used, y, infinity), xp.where(used, y, -infinity)
    return xp.maximum(xp.max(high) - xp.min(low), xp.constant(0.0, "float64"))


def _shifted(xp: Namespace, x: Array, y: Array, steps: int) -> list[Array]:
    """Returns in which part of the steps the target is the next, and the previous, step of the input."""
    x, y = xp.reshape(x, (-1, steps)), xp.reshape(y, (-1, steps))
    early, late = (xp.constant(np.arange(start, steps - 1 + start), "int32") for start in (0, 1))
    found = []
    for of_target, of_source in ((early, late), (late, early)):
        known = xp.take(y, of_target, 1)
        used = xp.cast(~xp.equals(known, 0), "float64")
        equal = xp.cast(xp.equal(known, xp.take(x, of_source, 1)), "float64") * used
        found.append(xp.sum(equal) / xp.maximum(xp.sum(used), xp.constant(1.0, "float64")))
    return found


def merge(parts: Sequence[F8]) -> F8:
    """Returns ``float64[n, len(NUMBERS)]`` of all replicas: rows in which they found the same place.

    Args:
        parts: The same of each replica.
    """
    tables = np.stack(parts)
    merged: F8 = tables.mean(0)
    place, residual = (NUMBERS.index(name) for name in ("place", "residual"))
    for name in ("rows", *pair_predictions.NUMBERS):
        merged[:, NUMBERS.index(name)] = tables[:, :, NUMBERS.index(name)].sum(0)
    merged[:, residual] = tables[:, :, residual].max(0)
    differ = (tables[:, :, place] != tables[0, :, place]).any(0)
    merged[differ, residual] = 1.0
    merged[:, place] = tables[0, :, place]
    for name in ("across_number", "down_number"):
        number = tables[:, :, NUMBERS.index(name)]
        merged[:, NUMBERS.index(name)] = np.where((number == number[0]).all(0), number[0], np.nan)
    return merged


def columns(numbers: F8, compared: Sequence[Comparison], n_tensors: int) -> dict[str, F8]:
    """Returns the columns of this module's docstring, ``[n_tensors]`` each.

    Args:
        numbers: ``[len(compared), len(NUMBERS)]``.
        compared: What was compared.
        n_tensors: Rows of the table.
    """
    found = {name: np.full(n_tensors, np.nan) for name in COLUMNS}
    for target in {made.target for made in compared}:
        table = [
            (made, dict(zip(NUMBERS, row.tolist(), strict=True)))
            for made, row in zip(compared, numbers, strict=True)
            if made.target == target
        ]
        maps = [row["residual"] for made, row in table if made.channels]
        found["map_residual"][target] = min((left for left in maps if not np.isnan(left)), default=np.nan)
        for made, row in table:
            if made.predicted:
                sums = (row[name] for name in pair_predictions.NUMBERS)
                found["pair_correlation"][target] = pair_predictions.correlation(*sums)
            if made.picture:
                for name in picture_places.COLUMNS:
                    found[name][target] = row[name]
        table = [(made, row) for made, row in table if not (made.channels or made.predicted or made.picture)]
        varied = [(made, row) for made, row in table if row["rows"] > 0]
        if not varied:
            continue
        made, best = min(varied, key=lambda item: item[1]["residual"])
        found["copy_input"][target] = made.source
        found["copy_place"][target] = made.places[int(best["place"])]
        found["copy_residual"][target] = best["residual"]
        found["copy_equal"][target] = best["equal"]
        found["copy_rows"][target] = best["rows"]
        found["copy_share"][target] = sum(row["copies"] for _, row in table) / sum(len(m.places) for m, _ in table)
        for name, shift in (("next_step_equal", "next_step"), ("previous_step_equal", "previous_step")):
            shifts = [row[shift] for m, row in table if m.shifts]
            found[name][target] = max(shifts, default=np.nan)
    return found


def reference(layouts: Sequence[TensorLayout], arrays: Sequence[NDArray[Any]]) -> Mapping[str, F8]:
    """Returns the columns by NumPy's own correlation, a place at a time.

    Args:
        layouts: What each array is.
        arrays: The values, in the same order.
    """
    compared = comparisons(layouts)
    table = [_reference(made, arrays[made.target], arrays[made.source]) for made in compared]
    return columns(np.asarray(table, np.float64).reshape(len(compared), len(NUMBERS)), compared, len(layouts))


def _reference(made: Comparison, target: NDArray[Any], source: NDArray[Any]) -> list[float]:
    n = min(len(target), len(source), made.examples)
    if made.predicted:
        sums = pair_predictions.reference(target[:n], source[:n])
        of_pairs = dict(zip(pair_predictions.NUMBERS, sums, strict=True))
        return [of_pairs.get(name, np.nan) for name in NUMBERS]
    if made.picture:
        of_picture = dict(zip(picture_places.COLUMNS, picture_places.reference(target[:n], source[:n]), strict=True))
        return [of_picture.get(name, np.nan) for name in NUMBERS]
    if made.channels:
        of_map = {"residual": target_maps.reference(target[:n], source[:n]), "place": 0.0}
        return [of_map.get(name, np.nan) for name in NUMBERS]
    y = np.asarray(target[:n], np.float64).reshape(-1, made.targets)
    x = np.asarray(source[:n], np.float64).reshape(-1, made.width)[:, made.places]
    numbers = [y[:, c] for c in range(min(made.targets, MAX_TARGETS))]
    if made.targets > 2:
        numbers.append(y @ np.arange(made.targets))
    best = min((_reference_of_number(number, x, made.steps > 0) for number in numbers), key=lambda found: found[2])
    if not made.shifts:
        return [*best, *[np.nan] * (len(NUMBERS) - len(best))]
    steps_x, steps_y = x.reshape(-1, made.steps), y.reshape(-1, made.steps)
    pairs = ((steps_y[:, :-1], steps_x[:, 1:]), (steps_y[:, 1:], steps_x[:, :-1]))
    shifts = [float((a == b)[a != 0].mean()) if (a != 0).any() else 0.0 for a, b in pairs]
    return [*best, *shifts, *[np.nan] * (len(NUMBERS) - len(best) - len(shifts))]


def _reference_of_number(y: F8, x: F8, padded: bool) -> list[float]:
    used = np.isfinite(y) & ((y != 0) | (not padded))
    y, x = y[used], x[used]
    if not len(y) or y.std() == 0:
        return [0.0, 0.0, 1.0, float((x[:, 0] == y).mean()) if len(y) else 0.0, 0.0]
    like = [0.0 if not np.isfinite(p).all() or p.std() == 0 else float(np.corrcoef(p, y)[0, 1] ** 2) for p in x.T]
    place = int(np.argmax(like))
    rows = 4 * len(y) * float(y.var()) / float(y.max() - y.min()) ** 2
    copies = sum(value > 1 - EXACT for value in like)
    return [rows, float(place), 1 - like[place], float((x[:, place] == y).mean()), float(copies)]
