"""The metric behind ``logs["loss"]``: Keras' own, or one of a training step of the user's."""

from __future__ import annotations

from typing import Any, NamedTuple, SupportsFloat

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.tensorflow.distribution import worker

__all__ = ["MetricReading", "RunningLoss"]

_MAX_TRIES = 5
"""Readings after which the logged loss is taken to come from none of the model's metrics."""
_SAME_MEAN = 1e-5


class MetricReading(NamedTuple):
    """State of a mean; the tensors may still be on their way from the device."""

    totals: tuple[Any, ...]
    """Weighted sum of the losses, for each replica of this process."""
    counts: tuple[Any, ...]
    """Sum of the weights, likewise."""
    is_whole: bool
    """Whether these are all replicas."""


class _Mean:
    """Variables of a `keras.metrics.Mean`, to be read without waiting for the device."""

    def __init__(self, metric: Any, strategy: Any) -> None:
        # Each replica has a variable of its own. To read the distributed one as such would run a collective
        # operation, for which other workers would have to wait.
        self._totals = strategy.experimental_local_results(backend_value(metric.total))
        self._counts = strategy.experimental_local_results(backend_value(metric.count))

    def read(self, is_whole: bool) -> MetricReading:
        return MetricReading(tuple(map(_read, self._totals)), tuple(map(_read, self._counts)), is_whole)


class RunningLoss:
    """Finds the metric of a compiled model that ``logs["loss"]`` comes from, and reads it."""

    def __init__(self, model: Any) -> None:
        strategy = model.distribute_strategy
        self._is_whole = worker(model)[1] == 1
        means = [m for m in model.metrics if hasattr(m, "total") and hasattr(m, "count")]
        self._candidates = [_Mean(m, strategy) for m in sorted(means, key=lambda m: bool(m.name != "loss"))]
        self._found: _Mean | None = None
        self._tries = 0

    def read(self, logged: SupportsFloat | None) -> MetricReading | None:
        """Returns the state of the metric, None if there is none; to be called between two executions.

        Args:
            logged: The loss that was logged right before; None if other things happened since.
        """
        if self._found is not None:
            return self._found.read(self._is_whole)
        if logged is None or self._tries == _MAX_TRIES:
            return None
        self._tries += 1
        for candidate in self._candidates:
            reading = candidate.read(self._is_whole)
            if self._explains(reading, float(logged)):
                self._found = candidate
                return reading
        return None

    def _explains(self, reading: MetricReading, logged: float) -> bool:
        counts = [float(count) for count in reading.counts]
        if not all(count > 0 for count in counts):
            return False
        means = [float(total) / count for total, count in zip(reading.totals, counts, strict=True)]
        # the logged mean is one over the replicas of all processes
        return not self._is_whole or bool(np.isclose(np.mean(means), logged, rtol=_SAME_MEAN, equal_nan=True))


def _read(variable: Any) -> Any:
    """Reads a variable a few times faster than its own method does."""
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)
