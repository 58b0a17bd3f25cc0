"""A layer's output: moments, zeros, dead units, saturation, non-finite values.

Over the first examples of the batch, of at most `MAX_ELEMENTS` values together, or of up to four times as many where
dead units are counted and each would have less than `VALUES_PER_UNIT` of them (at least one example).

- `mean`, `std` (population) and `max_abs` are in the unit of the values.
- `zero_fraction` is 0..1 of the values looked at.
- `dead_fraction` is 0..1 of the units (last axis, or channels) that are 0 at every position of every example looked at.
- `saturated_fraction` is 0..1 of the values in the outer 1 % of the range of tanh, sigmoid or their hard variants.
- `nonfinite_count` is of the values looked at, and at least 1 if any other value of the activation is not finite.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8
from tb_inputdiag.statistics import health
from tb_inputdiag.statistics.namespace import Array, Namespace, Shape, static_size
from tb_inputdiag.statistics.selection import examples_within, first_examples

__all__ = ["MAX_ELEMENTS", "NUMBERS", "VALUES_PER_UNIT", "columns", "looked_at", "merge", "reduce", "reference"]

MAX_ELEMENTS = 65_536
"""Values that are looked at: the mean is then off by 0.4 % of the spread (1 / sqrt(n))."""
VALUES_PER_UNIT = 128
"""A unit that is active for 4 % of so many values is called dead in one of 200 batches only."""
NUMBERS = ("mean", "variance", "saturated_fraction", "mean_of_all")
"""float32 numbers beside the `health` of an activation; the last one is not finite if any value of it is not."""

_MARGIN = 0.01


def _elements(shape: Shape, unit_axis: int | None) -> int:
    """Returns how many values of an activation to look at."""
    if unit_axis is None or len(shape) < 2:
        return MAX_ELEMENTS
    per_example, units = static_size(shape[1:]), shape[unit_axis]
    if not per_example or not units:
        return MAX_ELEMENTS
    examples = -(-VALUES_PER_UNIT * units // per_example)
    return max(MAX_ELEMENTS, min(examples * per_example, 4 * MAX_ELEMENTS))


def looked_at(xp: Namespace, x: Array, unit_axis: int | None) -> Array:
    """Returns the values of a floating activation that its statistics look at, which are the first examples.

    Args:
        xp: The backend's functions.
        x: The activation.
        unit_axis: Axis of the units, where dead ones are to be counted.
    """
    return first_examples(xp, x, _elements(xp.static_shape(x) or (), unit_axis))


def reduce(
    xp: Namespace, part: Array, unit_axis: int | None, bound: tuple[float, float] | None, mean_of_all: Array = None
) -> tuple[list[Array], Array, Array]:
    """Returns `NUMBERS` of an activation, the largest magnitude of each unit, and its `health`.

    Args:
        xp: The backend's functions.
        part: What `looked_at` returned.
        unit_axis: Axis of the units; None returns the largest magnitude of all, as a vector of one.
        bound: Lowest and highest value of a saturating activation.
        mean_of_all: `health.mean_of_all` of the whole activation, where `part` is only a part.
    """
    v = xp.cast(part, "float32")
    mean = xp.mean(v)
    variance = xp.mean(xp.squared_difference(v, mean))
    saturated = xp.constant(np.nan, "float32")
    if bound is not None:
        low, high = (xp.constant(end, "float32") for end in _inner(bound))
        saturated = xp.fraction((v < low) | (v > high))
    size = xp.absolute(v)
    rank = len(xp.static_shape(part) or ())
    if unit_axis is None:
        units = xp.max(xp.reshape(size, (1, -1)), (1,))
    else:
        units = xp.max(size, tuple(i for i in range(rank) if i != unit_axis % rank))
    whole = mean if mean_of_all is None else mean_of_all
    return [mean, variance, saturated, whole], units, health.reduce(xp, part, mean)


def _inner(bound: tuple[float, float]) -> tuple[float, float]:
    margin = _MARGIN * (bound[1] - bound[0])
    return bound[0] + margin, bound[1] - margin


def columns(numbers: F8, units: F8, widths: Sequence[int], kinds: F8) -> dict[str, F8]:
    """Returns the columns of a `records.LayerTable` as one replica has them.

    Args:
        numbers: ``float64[n, len(NUMBERS)]``.
        units: The largest magnitudes of all layers' units, one layer after the other.
        widths: For each layer its number of units; 0 if there is one magnitude for all.
        kinds: ``float64[n, len(health.KINDS)]``.
    """
    mean, variance, saturated, mean_of_all = numbers.T
    seen = health.counts(kinds)
    starts = np.cumsum([0, *(max(1, width) for width in widths)])[:-1]
    max_abs = np.maximum.reduceat(units, starts)
    dead = np.add.reduceat(units == 0, starts) / np.maximum(widths, 1)
    proof = np.where(seen.total > 0, mean_of_all, 0.0)
    return {
        "mean": mean,
        "std": np.sqrt(variance),
        "max_abs": max_abs,
        "zero_fraction": seen.zero / seen.total,
        "nonfinite_count": health.at_least_one_elsewhere(seen.nonfinite, proof, max_abs),
        "dead_fraction": np.where(np.asarray(widths) > 0, dead, np.nan),
        "saturated_fraction": saturated,
    }


def merge(parts: Sequence[Mapping[str, F8]]) -> dict[str, F8]:
    """Returns the columns of all replicas: their average, the largest magnitude, the sum of counts.

    Each replica looks at the first of its own examples, so a dead unit is dead in most of them.
    """
    merged = {name: np.mean([part[name] for part in parts], 0) for name in parts[0]}
    merged["max_abs"] = np.max([part["max_abs"] for part in parts], 0)
    merged["nonfinite_count"] = np.sum([part["nonfinite_count"] for part in parts], 0)
    return merged


def reference(
    x: NDArray[Any], unit_axis: int | None = None, bound: tuple[float, float] | None = None
) -> Mapping[str, float]:
    """Returns the columns of one activation ``[batch, ...]`` by NumPy."""
    whole = np.asarray(x, np.float64)
    per_example = int(np.prod(whole.shape[1:], dtype=np.int64))
    v = whole[: examples_within(per_example, _elements(whole.shape, unit_axis))]
    bad = int((~np.isfinite(v)).sum())
    dead = saturated = float("nan")
    if unit_axis is not None:
        dead = float((np.moveaxis(v, unit_axis, -1).reshape(-1, v.shape[unit_axis]) == 0).all(0).mean())
    if bound is not None:
        low, high = _inner(bound)
        saturated = float(((v < low) | (v > high)).mean())
    return {
        "mean": float(v.mean()),
        "std": float(v.std()),
        "max_abs": float(np.abs(v).max()),
        "zero_fraction": float((v == 0).mean()),
        "nonfinite_count": float(max(bad, int(not np.isfinite(whole).all()))),
        "dead_fraction": dead,
        "saturated_fraction": saturated,
    }
