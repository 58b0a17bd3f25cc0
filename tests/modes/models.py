"""Small models and data that many rows share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers as L

from tests.modes.rows import Arrays, dense, labels, split

N, BATCH, STEPS = 22, 4, 6
"""Examples, batch size and steps of an epoch; the last batch has 2 examples."""


def compiled(model: Any, loss: Any = "mse", optimizer: Any = "sgd", **settings: Any) -> Any:
    """Returns the model, compiled."""
    model.compile(optimizer, loss, **{"jit_compile": False, **settings})
    return model


def regressor(optimizer: Any = "sgd", **settings: Any) -> Any:
    """Returns two dense layers: 3 features to one number."""
    model = keras.Sequential([L.Input((3,)), L.Dense(5, activation="relu", name="a"), L.Dense(1, name="b")])
    return compiled(model, "mse", optimizer, **settings)


def convolutional(**settings: Any) -> Any:
    """Returns a small network for 8 x 8 pictures."""
    model = keras.Sequential(
        [
            L.Input((8, 8, 1)),
            L.Rescaling(1 / 255),
            L.Conv2D(3, 3, name="conv"),
            L.BatchNormalization(name="norm"),
            L.ReLU(),
            L.Dropout(0.3),
            L.Flatten(),
            L.Dense(4, activation="softmax", name="top"),
        ]
    )
    return compiled(model, "sparse_categorical_crossentropy", "adam", **settings)


def table() -> dict[str, np.ndarray]:
    """Returns 22 examples of 3 features with a target."""
    return {"input:x": dense((N, 3)), "target:y": dense((N, 1), 1)}


def table_batches() -> list[Arrays]:
    """Returns the batches that `fit_table` feeds."""
    return split(table(), BATCH)


def fit_table(model: Any, callbacks: list[Any], **settings: Any) -> Mapping[str, Any]:
    """Trains on `table`, in order."""
    data = table()
    settings = {"batch_size": BATCH, **settings}
    history = model.fit(
        data["input:x"], data["target:y"], shuffle=False, verbose=0, callbacks=callbacks, **settings
    ).history
    return dict(history)


def pictures() -> dict[str, np.ndarray]:
    """Returns 22 pictures with class ids."""
    pixels = np.random.default_rng(3).integers(0, 256, (N, 8, 8, 1)).astype(np.float32)
    return {"input:x": pixels, "target:y": labels(N, 4)}


def fit_pictures(model: Any, callbacks: list[Any], **settings: Any) -> Mapping[str, Any]:
    """Trains on `pictures`, in order."""
    data = pictures()
    settings = {"batch_size": BATCH, **settings}
    history = model.fit(
        data["input:x"], data["target:y"], shuffle=False, verbose=0, callbacks=callbacks, **settings
    ).history
    return dict(history)


def tape_norms(model: Any, x: Any = None, y: Any = None) -> dict[str, float]:
    """Returns weight name -> norm of the gradient of the mean squared error; without data, of `table`'s first batch."""
    if x is None:
        data = table()
        x, y = data["input:x"][:BATCH], data["target:y"][:BATCH]
    weights = model.trainable_variables
    gradients = _GRADIENTS[keras.config.backend()](model, x, y)
    return {
        w.path.split("/", 1)[1] if w.path.count("/") > 1 else w.path: float(np.linalg.norm(g))
        for w, g in zip(weights, gradients, strict=True)
    }


def _error(outputs: Any, y: Any) -> Any:
    return keras.ops.mean(keras.ops.square(keras.ops.cast(outputs, "float32") - y))


def _by_tensorflow(model: Any, x: Any, y: Any) -> list[np.ndarray]:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        error = _error(model(tf.constant(x), training=True), tf.constant(y))
    gradients = tape.gradient(error, [w.value for w in model.trainable_variables])
    return [np.asarray(tf.cast(tf.convert_to_tensor(g), tf.float32)) for g in gradients]


def _by_jax(model: Any, x: Any, y: Any) -> list[np.ndarray]:
    import jax

    def error(weights: list[Any]) -> Any:
        outputs, _ = model.stateless_call(weights, [v.value for v in model.non_trainable_variables], x, training=True)
        return _error(outputs, y)

    found = jax.grad(error)([w.value for w in model.trainable_variables])
    return [np.asarray(g, np.float32) for g in found]


def _by_torch(model: Any, x: Any, y: Any) -> list[np.ndarray]:
    model.zero_grad()
    _error(model(x, training=True), keras.ops.convert_to_tensor(y)).backward()
    found = [np.asarray(w.value.grad.detach(), np.float32) for w in model.trainable_variables]
    model.zero_grad()
    return found


_GRADIENTS = {"tensorflow": _by_tensorflow, "jax": _by_jax, "torch": _by_torch}
