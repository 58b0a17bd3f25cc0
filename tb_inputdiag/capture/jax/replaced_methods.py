"""The methods of Keras whose calls are observed while JAX traces a step."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from tb_inputdiag.capture.hooks import Replaced

__all__ = ["replaced_methods"]


def replaced_methods() -> Iterator[Replaced]:
    """Yields the methods whose calls `JaxTrace` receives."""
    yield Replaced(keras.layers.Layer, "__call__", lambda observer, *call: observer.call(*call))
    yield Replaced(keras.layers.Layer, "stateless_call", lambda observer, *call: observer.stateless_call(*call))
    for optimizer in (keras.optimizers.Optimizer, keras.optimizers.LossScaleOptimizer):
        yield Replaced(optimizer, "stateless_apply", lambda observer, *call: observer.stateless_apply(*call))
