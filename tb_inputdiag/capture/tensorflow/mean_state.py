"""Reads the variables of a mean metric without waiting for the device."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.running_loss import MetricReading

__all__ = ["VariableMean"]


class VariableMean:
    """Variables of a `keras.metrics.Mean`, one of each for every replica.

    Args:
        metric: The metric.
        strategy: The model's distribution strategy.
        is_whole: Whether the replicas of this process are all.
    """

    def __init__(self, metric: keras.metrics.Metric, strategy: Any, is_whole: bool) -> None:
        # Each replica has a variable of its own. To read the distributed one as such would run a collective
        # operation, for which other workers would have to wait.
        self._totals = strategy.experimental_local_results(backend_value(metric.total))
        self._counts = strategy.experimental_local_results(backend_value(metric.count))
        self._is_whole = is_whole

    def read(self, with_totals: bool) -> MetricReading:
        """Returns the present state."""
        totals = tuple(map(_read, self._totals)) if with_totals or len(self._totals) > 1 else None
        return MetricReading(tuple(map(_read, self._counts)), totals, self._is_whole)


def _read(variable: Any) -> Any:
    """Reads a variable a few times faster than its own method does."""
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)
