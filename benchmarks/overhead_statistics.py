"""From paired epochs to ratios with confidence intervals.

A *round* visits every column twice, the second time in reverse order, so that a drift of the machine's speed cancels.
Its log ratio compares the two epochs of a column with those of the process without a callback. A *group* is a set of
processes, one a column, that take turns. Rounds of one group share the processes' memory layout and are not independent
of each other, but groups are. So the interval is Student's, over the means of the groups. This is the method of
Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time", ISMM 2013, for two levels.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scipy import stats

__all__ = ["CONFIDENCE", "Ratio", "log_ratio", "ratio"]

CONFIDENCE = 0.95
_CUT = 0.1
"""Share of a group's rounds that is left out at either end: epochs that other programs on the machine disturbed."""


class Ratio(NamedTuple):
    """A geometric mean of ratios, and the ends of its interval; NaN where a single group leaves them unknown."""

    mean: float
    low: float
    high: float


def log_ratio(column: Sequence[float], plain: Sequence[float]) -> float:
    """Returns the log ratio of one round.

    Args:
        column: Seconds of the column's epochs in this round.
        plain: Seconds of the epochs without a callback in the same round, as many.
    """
    return statistics.fmean(map(math.log, column)) - statistics.fmean(map(math.log, plain))


def ratio(groups: Sequence[Sequence[float]]) -> Ratio:
    """Returns the ratio that log ratios show.

    Args:
        groups: The log ratios of each group's rounds; at least one group, none of them empty.
    """
    means = [float(stats.trim_mean(rounds, _CUT)) for rounds in groups]
    mean = statistics.fmean(means)
    if len(means) == 1:
        return Ratio(math.exp(mean), math.nan, math.nan)
    interval = stats.ttest_1samp(means, 0).confidence_interval(CONFIDENCE)
    return Ratio(math.exp(mean), math.exp(interval.low), math.exp(interval.high))
