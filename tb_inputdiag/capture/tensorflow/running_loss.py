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

    counts: tuple[Any, ...]
    """Sum of the weights, for each replica of this process."""
    totals: tuple[Any, ...] | None
    """Weighted sum of the losses, likewise."""
    is_whole: bool
    """Whether these are all replicas."""


class _Mean:
    """Variables of a `keras.metrics.Mean`, to be read without waiting for the device."""

    def __init__(self, metric: Any, strategy: Any, is_whole: bool) -> None:
        # Each replica has a variable of its own. To read the distributed one as such would run a collective
        # operation, for which other workers would have to wait.
        self._totals = strategy.experimental_local_results(backend_value(metric.total))
        self._counts = strategy.experimental_local_results(backend_value(metric.count))
        self._is_whole = is_whole

    def read(self, with_totals: bool) -> MetricReading:
        totals = tuple(map(_read, self._totals)) if with_totals or len(self._totals) > 1 else None
        return MetricReading(tuple(map(_read, self._counts)), totals, self._is_whole)

    def explains(self, logged: float) -> bool:
        """Returns whether a loss that was logged right before is this mean."""
        counts, totals = ([float(_read(v)) for v in variables] for variables in (self._counts, self._totals))
        if not all(count > 0 for count in counts):
            return False
        means = [total / count for total, count in zip(totals, counts, strict=True)]
        # the logged mean is one over the replicas of all processes
        return not self._is_whole or bool(np.isclose(np.mean(means), logged, rtol=_SAME_MEAN, equal_nan=True))


class RunningLoss:
    """Finds the metric of a compiled model that ``logs["loss"]`` comes from, and reads it."""

    def __init__(self, model: Any) -> None:
        means = [m for m in model.metrics if hasattr(m, "total") and hasattr(m, "count")]
        means.sort(key=lambda m: bool(m.name != "loss"))
        self._candidates = [_Mean(m, model.distribute_strategy, worker(model)[1] == 1) for m in means]
        self._found: _Mean | None = None
        self._tries = 0

    def read(self, logged: SupportsFloat | None, with_totals: bool) -> MetricReading | None:
        """Returns the state of the metric, None if there is none; to be called between two executions.

        Args:
            logged: The loss that was logged right before; None if other things happened since.
            with_totals: Whether to read the totals too. With several replicas they are always read.
        """
        if self._found is None and logged is not None and self._tries < _MAX_TRIES:
            self._tries += 1
            self._found = next((c for c in self._candidates if c.explains(float(logged))), None)
        return self._found.read(with_totals) if self._found is not None else None


def _read(variable: Any) -> Any:
    """Reads a variable a few times faster than its own method does."""
    return tf.raw_ops.ReadVariableOp(resource=variable.handle, dtype=variable.dtype)
