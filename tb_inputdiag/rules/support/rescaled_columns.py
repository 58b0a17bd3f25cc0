"""Columns that hold, in another part of a data set, the same values in other units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tb_inputdiag.records import F8, N_QUANTILES, DataTensor

__all__ = ["RescaledColumn", "rescaled_columns"]

_CHANCE = 1e-5
"""Chance that is not an explanation. A column must also be the same up to a large factor, which is much rarer."""
_MATCH = 1.63
"""Distance of two samples of one distribution, times the root of their size, exceeded with 1 % probability
(Kolmogorov-Smirnov)."""
_UNITS = (10, 60, 100, 255, 1000, 3600, 10_000, 100_000, 1_000_000)
"""Factors between units, so that 9.7 is called 10."""
_NEAR = 1.25
_DIGITS = 6
"""To which two values are equal: the quantiles in the log are single precision."""
_STEPS = N_QUANTILES - 1
_SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


@dataclass(frozen=True, slots=True)
class RescaledColumn:
    """A column whose values are those of the other part, times a factor."""

    train: int
    """Its index in the training data's description."""
    held_out: int
    """Its index in the other part's."""
    factor: float
    """Above 1 if the values of the other part are larger."""

    @property
    def times(self) -> float:
        """The factor, or 1 divided by it: above 1."""
        return max(self.factor, 1 / self.factor)


def rescaled_columns(train: DataTensor, held_out: DataTensor, least: float) -> list[RescaledColumn]:
    """Returns the columns of a part that are like those of the training data, times a factor.

    A column counts if the two distributions differ by more than chance, and match when one is divided by the factor.

    Args:
        train: A table of the training data.
        held_out: The same table of another part.
        least: Smallest factor, in either direction.
    """
    examples = train.sampled * held_out.sampled / max(train.sampled + held_out.sampled, 1)
    places = {int(place): i for i, place in enumerate(train.places)}
    found = []
    for j, place in enumerate(held_out.places):
        i = places.get(int(place))
        if i is None:
            continue
        pair = train.quantiles[i].astype(np.float64), held_out.quantiles[j].astype(np.float64)
        factor = _factor(*pair, examples, least)
        if factor is not None:
            found.append(RescaledColumn(i, j, factor))
    return found


def _factor(train: F8, held_out: F8, examples: float, least: float) -> float | None:
    guess = _ratio(train, held_out)
    if guess is None or 1 / least < guess < least:
        return None
    if 2 * math.exp(-2 * examples * _distance(train, held_out) ** 2) > _CHANCE:
        return None
    limit = _MATCH / math.sqrt(examples)
    fitting = (factor for factor in (_unit(guess), guess) if _distance(train, held_out / factor) <= limit)
    return next(fitting, None)


def _ratio(train: F8, held_out: F8) -> float | None:
    """Returns how much larger the values of the second part are; None if one of the two hardly varies."""
    widths = [part[3 * _STEPS // 4] - part[_STEPS // 4] for part in (train, held_out)]
    if not (np.isfinite(train).all() and np.isfinite(held_out).all() and min(widths) > 0):
        return None
    middles = [part[_STEPS // 2] for part in (train, held_out)]
    away = all(abs(middle) > width for middle, width in zip(middles, widths, strict=True))
    # far from zero, the median is much the more exact one
    before, after = middles if away and middles[0] * middles[1] > 0 else widths
    return float(after / before)


def _unit(factor: float) -> float:
    """Returns the usual factor between units that is near; else the factor itself."""
    size = max(factor, 1 / factor)
    unit = min(_UNITS, key=lambda known: abs(math.log(known / size)))
    near = unit if 1 / _NEAR < unit / size < _NEAR else size
    return near if factor > 1 else 1 / near


def _distance(first: F8, second: F8) -> float:
    """Returns the least distance (Kolmogorov-Smirnov) that two distributions with these quantiles can have."""
    size = float(np.abs(first).max()) or 1.0
    first, second = (np.round(part / size, _DIGITS) for part in (first, second))
    values = np.concatenate([first, second])
    least = 0.0
    for side in _SIDES:
        (low, high), (other_low, other_high) = (_share_below(part, values, side) for part in (first, second))
        least = max(least, float((low - other_high).max()), float((other_low - high).max()))
    return least


def _share_below(quantiles: F8, values: F8, side: Literal["left", "right"]) -> tuple[F8, F8]:
    """Returns between what the share of a distribution below values is; ``right``: up to and with them."""
    known = np.searchsorted(quantiles, values, side).astype(np.float64)
    return np.clip(known - 1, 0, _STEPS) / _STEPS, np.clip(known, 0, _STEPS) / _STEPS
