"""The metric behind ``logs["loss"]``: Keras' own, or one of a training step of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, SupportsFloat

import keras
import numpy as np

__all__ = ["MeanState", "MetricReading", "RunningLoss", "mean_metrics"]

_MAX_TRIES = 5
"""Readings after which the logged loss is taken to come from none of the model's metrics."""
_SAME_MEAN = 1e-5


class MetricReading(NamedTuple):
    """State of a mean; the tensors may still be on their way from the device."""

    counts: tuple[Any, ...]
    """Sum of the weights, for each replica of this process."""
    totals: tuple[Any, ...] | None
    """Weighted sum of the losses, likewise."""
    is_whole: bool
    """Whether these are all replicas."""


class MeanState(Protocol):
    """The variables of a `keras.metrics.Mean`."""

    def read(self, with_totals: bool) -> MetricReading | None:
        """Returns its present state, without waiting for the device; None if it cannot be read now."""


def mean_metrics(model: keras.Model) -> list[keras.metrics.Metric]:
    """Returns the metrics of a model that are means, the one that Keras calls ``loss`` first."""
    means = [m for m in model.metrics if hasattr(m, "total") and hasattr(m, "count")]
    return sorted(means, key=lambda m: bool(m.name != "loss"))


class RunningLoss:
    """Finds the metric of a compiled model that ``logs["loss"]`` comes from, and reads it.

    Args:
        means: The model's means, the likeliest first.
    """

    def __init__(self, means: Sequence[MeanState]) -> None:
        self._candidates = means
        self._found: MeanState | None = None
        self._tries = 0

    def read(self, logged: SupportsFloat | None, with_totals: bool) -> MetricReading | None:
        """Returns the state of the metric, None if there is none; to be called between two executions.

        Args:
            logged: The loss that was logged right before; None if other things happened since.
            with_totals: Whether to read the totals too. With several replicas they are always read.
        """
        if self._found is None and logged is not None and self._tries < _MAX_TRIES:
            self._tries += 1
            self._found = next((c for c in self._candidates if _explains(c.read(True), float(logged))), None)
        return self._found.read(with_totals) if self._found is not None else None


def _explains(reading: MetricReading | None, logged: float) -> bool:
    """Returns whether a loss that was logged right before is this mean."""
    if reading is None or reading.totals is None:
        return False
    counts, totals = [float(n) for n in reading.counts], [float(n) for n in reading.totals]
    if not all(count > 0 for count in counts):
        return False
    means = [total / count for total, count in zip(totals, counts, strict=True)]
    # the logged mean is one over the replicas of all processes
    return not reading.is_whole or bool(np.isclose(np.mean(means), logged, rtol=_SAME_MEAN, equal_nan=True))
