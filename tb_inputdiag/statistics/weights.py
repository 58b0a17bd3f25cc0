"""Norm, update ratio and non-finite values of each weight.

`weight_norm` is the L2 norm before the update. `update_ratio` is the norm of the update over the norm of the weight:
inf if only the weight is 0, and 0 if the update is. It and `weight_nonfinite_count` (after the update) are over at
most `MAX_ELEMENTS` elements in evenly spaced stretches; the count is at least 1 if any other value is not finite.
Replicas have the same weights, so the first one's numbers count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8
from tb_inputdiag.statistics import health
from tb_inputdiag.statistics.namespace import Array, Namespace, Shape, static_size
from tb_inputdiag.statistics.selection import even_indices, flatten

__all__ = ["MAX_ELEMENTS", "NUMBERS", "columns", "reference", "sample", "update"]

MAX_ELEMENTS = 65_536
"""Elements of a weight that are compared before and after the update."""

NUMBERS = ("clipped", "norm", "before", "change", "proof")
"""float32 numbers of each weight, half the sum of squares: of the clipped gradient, of the weight and of its sample
before the update, and of the sample's change; then a number that is finite only if all of the weight is."""

_LONGEST_STRETCH = 4096
_STRETCH = 64
"""Elements that are taken in a row where the last axis is longer than that."""


def _stretches(shape: Shape) -> tuple[int, int] | None:
    """Returns the length of a stretch and every how many-th is taken; None for a weight that is small."""
    size = static_size(shape) or 0
    if size <= MAX_ELEMENTS:
        return None
    lengths = (shape[-1] or 0, _STRETCH)
    length = next((n for n in lengths if 0 < n <= _LONGEST_STRETCH and size % n == 0), 1)
    return length, -(-size // MAX_ELEMENTS)


def sample(xp: Namespace, weight: Array) -> Array:
    """Returns a weight, or evenly spaced stretches of a large one, as float32 or float64.

    These are rows of its last axis: to copy stretches takes a fraction of the time that picking as many elements takes,
    and needs no indices.
    """
    shape = xp.static_shape(weight)
    if static_size(shape) is None:
        flat = flatten(xp, weight)
        weight = xp.take(flat, even_indices(xp, flat, MAX_ELEMENTS))
    elif (stretches := _stretches(shape or ())) is not None:
        length, step = stretches
        weight = xp.every(xp.reshape(weight, ((static_size(shape) or 0) // length, length)), step)
    return weight if xp.dtype(weight) in ("float32", "float64") else xp.cast(weight, "float32")


def update(xp: Namespace, before: Array, after: Array) -> tuple[Array, Array]:
    """Returns half the sum of squares of the change of a `sample`, and the `health` of the sample after the update."""
    moved = health.half_squares(xp, after - before)
    # what changed by a finite amount and was finite is finite
    return moved, health.reduce(xp, after, moved, zeros=False)


def columns(numbers: F8, kinds: F8) -> Mapping[str, F8]:
    """Returns columns of `records.WeightTable` from ``float64[len(NUMBERS), n]`` and ``float64[n,
    len(health.KINDS)]``."""
    _, norm, before, change, proof = numbers
    seen = health.counts(kinds)
    return {
        "weight_norm": np.sqrt(2 * norm),
        "weight_nonfinite_count": health.at_least_one_elsewhere(seen.nonfinite, proof, np.sqrt(2 * before)),
        "update_ratio": np.where(change == 0, 0.0, np.sqrt(change) / np.sqrt(before)),
    }


def reference(before: NDArray[Any], after: NDArray[Any]) -> Mapping[str, float]:
    """Returns the columns of one weight by NumPy."""
    old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
    known, seen = old, new
    if (stretches := _stretches(old.shape)) is not None:
        length, step = stretches
        known, seen = (x.reshape(-1, length)[::step] for x in (old, new))
    change, size = np.linalg.norm((seen - known).ravel()), np.linalg.norm(known.ravel())
    ratio = 0.0 if change == 0 else float(change / size) if size else float("inf")
    bad = max(int((~np.isfinite(seen)).sum()), int(not np.isfinite(new).all()))
    return {
        "weight_norm": float(np.linalg.norm(old.ravel())),
        "weight_nonfinite_count": float(bad),
        "update_ratio": ratio,
    }
