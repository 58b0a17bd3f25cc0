"""The methods of Keras and TensorFlow whose calls are observed while a step is traced."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import tensorflow as tf

from tb_inputdiag.capture.hooks import Replaced
from tb_inputdiag.capture.keras_internals import gradient_sum_method

__all__ = ["replaced_methods"]


def replaced_methods() -> Iterator[Replaced]:
    """Yields the methods whose calls `Trace` receives."""
    yield Replaced(keras.layers.Layer, "__call__", lambda observer, *call: observer.call(*call))
    for optimizer in (keras.optimizers.Optimizer, keras.optimizers.LossScaleOptimizer):
        yield Replaced(optimizer, "apply", lambda observer, *call: observer.apply(*call))
    yield Replaced(tf.GradientTape, "gradient", lambda observer, *call: observer.differentiate(*call))
    method = gradient_sum_method()
    if method is not None:
        yield Replaced(method.owner, method.name, lambda observer, *call: observer.sum_gradients(*call))
