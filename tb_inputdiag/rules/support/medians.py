"""Medians and quantiles of a few numbers.

Rules compute dozens of them for each sample. NumPy's functions take 20 microseconds or more for each call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8

__all__ = ["median", "quantile", "row_medians"]


def median(values: Sequence[float] | NDArray[Any]) -> float:
    """Returns the same as ``np.median``; NaN, without a warning, for an empty sequence."""
    ordered = np.sort(np.asarray(values, np.float64), axis=None)
    n = len(ordered)
    if not n or math.isnan(ordered[-1]):  # NaN is sorted to the end
        return math.nan
    return float(ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2)


def quantile(ordered: F8, share: float) -> float:
    """Returns the same as ``np.quantile``.

    Args:
        ordered: At least one number, in ascending order.
        share: 0..1.
    """
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def row_medians(rows: F8) -> F8:
    """Returns the median of each row of ``[m, n]``; n must be even and no value NaN."""
    half = rows.shape[1] // 2
    medians: F8 = np.partition(rows, (half - 1, half), axis=1)[:, half - 1 : half + 1].mean(axis=1)
    return medians
