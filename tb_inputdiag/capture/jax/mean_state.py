"""Reads the state of a mean metric, wherever the JAX trainer has it at the moment."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import keras

from tb_inputdiag.capture.jax.twin import JaxTwin
from tb_inputdiag.capture.keras_internals import held_value
from tb_inputdiag.capture.running_loss import MetricReading

__all__ = ["StateMean"]


class StateMean:
    """A `keras.metrics.Mean`, in the state of a twin or in its own variables.

    Args:
        model: The model in training.
        metric: One of its metrics.
        twin: The twin of its training function.
    """

    def __init__(self, model: keras.Model, metric: keras.metrics.Metric, twin: JaxTwin | None) -> None:
        variables = [id(variable) for variable in model.metrics_variables]
        self._places = [variables.index(id(variable)) for variable in (metric.count, metric.total)]
        self._variables = (metric.count, metric.total)
        self._twin = twin

    def read(self, with_totals: bool) -> MetricReading | None:
        """Returns the present state, None if it cannot be read."""
        values = [self._value(place) for place in range(1 + with_totals)]
        if any(value is None for value in values):
            return None
        # copies: the next step may use the memory of its state
        count, *totals = [jnp.copy(value) for value in values]
        return MetricReading((count,), tuple(totals) if with_totals else None, True)

    def _value(self, which: int) -> Any:
        held = held_value(self._variables[which])
        if held is not None or self._twin is None or self._twin.state is None:
            return held
        return self._twin.state[-1][self._places[which]]
