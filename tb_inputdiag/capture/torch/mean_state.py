"""Reads the state of a mean metric without waiting for the device."""

from __future__ import annotations

import keras

from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.running_loss import MetricReading
from tb_inputdiag.capture.torch.reader import Tensor

__all__ = ["CopiedMean"]


class CopiedMean:
    """Variables of a `keras.metrics.Mean`, which the next step changes in place.

    Args:
        metric: The metric.
        is_whole: Whether this process is the only one that trains.
    """

    def __init__(self, metric: keras.metrics.Metric, is_whole: bool) -> None:
        self._metric = metric
        self._is_whole = is_whole

    def read(self, with_totals: bool) -> MetricReading:
        """Returns the present state."""
        totals = (_copy(self._metric.total),) if with_totals else None
        return MetricReading((_copy(self._metric.count),), totals, self._is_whole)


def _copy(variable: keras.Variable) -> Tensor:
    copy: Tensor = backend_value(variable).detach().clone()
    return copy
