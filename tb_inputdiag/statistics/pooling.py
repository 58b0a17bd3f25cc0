"""Means and squared deviations of two parts together.

Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np

from tb_inputdiag.records import F8

__all__ = ["Spread", "pooled"]


class Spread(NamedTuple):
    """Moments of a part, elementwise: the number of values, their mean, and the sum of squared deviations from it."""

    n: F8
    mean: F8
    """Any number where `n` is 0."""
    m2: F8


def pooled(parts: list[Spread]) -> Spread:
    """Returns the moments of all parts together; the mean is 0 where there are no values."""
    return reduce(_pair, parts)


def _pair(a: Spread, b: Spread) -> Spread:
    total = a.n + b.n
    mean_a, mean_b = np.where(a.n > 0, a.mean, 0.0), np.where(b.n > 0, b.mean, 0.0)
    # the share first: a difference times a large count may overflow
    share = b.n / np.maximum(total, 1)
    delta = np.where((a.n > 0) & (b.n > 0), mean_b - mean_a, 0.0)
    mean = np.where(a.n > 0, mean_a + delta * share, mean_b)
    return Spread(total, mean, a.m2 + b.m2 + delta**2 * (a.n * share))
