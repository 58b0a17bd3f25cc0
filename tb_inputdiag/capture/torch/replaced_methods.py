"""The methods of Keras whose calls are observed while PyTorch runs a step."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from tb_inputdiag.capture.hooks import Replaced

__all__ = ["replaced_methods"]


def replaced_methods() -> Iterator[Replaced]:
    """Yields the methods whose calls `TorchTrace` receives."""
    yield Replaced(keras.layers.Layer, "__call__", lambda observer, *call: observer.call(*call))
    for optimizer in (keras.optimizers.Optimizer, keras.optimizers.LossScaleOptimizer):
        yield Replaced(optimizer, "apply", lambda observer, *call: observer.apply(*call))
