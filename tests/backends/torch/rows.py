"""Ways to train with PyTorch: the rows of a matrix like that of `tests/modes`, to be sampled at any interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import layers as L

from tests.modes.rows import EVERYTHING, Arrays, Row, dense, labels, split

BATCH = 8
N = 24


def rows(every: int) -> list[Row]:
    """Returns the rows, to be sampled at an interval."""
    return [
        _row("mlp", mlp, table(), every),
        _row("cnn_with_batch_normalization_and_dropout", cnn, pictures(), every),
        _row("uint8_images_that_the_model_rescales", rescaling_cnn, uint8_pictures(), every),
        _row("lstm", lstm, sequences(), every),
        _row("attention", attention, sequences(), every),
        _row("embedding", embedding, token_ids(), every),
        _row("two_inputs", two_inputs, two_tables(), every),
        _row("mixed_float16", lambda: mlp(policy="mixed_float16"), table(), every),
        _row("mixed_bfloat16", lambda: mlp(policy="mixed_bfloat16"), table(), every),
        _row("gradient_accumulation", lambda: mlp(optimizer=_adam(gradient_accumulation_steps=2)), table(), every),
        _row("clipnorm", lambda: mlp(optimizer=_adam(clipnorm=0.01)), table(), every),
        _row("moving_average_of_weights", lambda: mlp(optimizer=_adam(use_ema=True)), table(), every),
        _row("regularizers", lambda: mlp(regularizer=keras.regularizers.L2(0.01)), table(), every),
        _row("custom_train_step", own_step, table(), every),
    ]


def _row(name: str, build: Callable[[], Any], data: Arrays, every: int) -> Row:
    return Row(
        id=name,
        group="",
        mode=name,
        build=build,
        fit=lambda model, callbacks: fit(model, data, callbacks),
        batches=lambda: split(data, BATCH),
        sees=EVERYTHING,
        every=every,
        steps=2 * N // BATCH,
    )


def fit(model: Any, data: Arrays, callbacks: list[Any], **more: Any) -> Mapping[str, Any]:
    """Trains for two epochs on arrays that are named as in the log."""
    x = {name.removeprefix("input:"): values for name, values in data.items() if name.startswith("input:")}
    inputs = next(iter(x.values())) if len(x) == 1 else x
    arguments = {"batch_size": BATCH, "epochs": 2, "shuffle": False, "verbose": 0, **more}
    history: Mapping[str, Any] = model.fit(inputs, data["target:y"], callbacks=callbacks, **arguments).history
    return history


def _adam(**options: Any) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(0.01, **options)


# -- data -------------------------------------------------------------------------------------------


def table() -> Arrays:
    """Returns rows of five columns, and a number to each."""
    return {"input:x": 1 + dense((N, 5)), "target:y": 1 + dense((N, 1), seed=1)}


def pictures() -> Arrays:
    """Returns pictures and their classes."""
    return {"input:x": 1 + dense((N, 12, 12, 3)), "target:y": labels(N, 4)}


def uint8_pictures() -> Arrays:
    """Returns pictures as they are in files."""
    pixels = np.random.default_rng(3).integers(0, 256, (N, 12, 12, 3)).astype(np.uint8)
    return {"input:x": pixels, "target:y": labels(N, 4)}


def sequences() -> Arrays:
    """Returns series of vectors and a number to each."""
    return {"input:x": 1 + dense((N, 7, 4)), "target:y": 1 + dense((N, 1), seed=1)}


def token_ids() -> Arrays:
    """Returns series of numbers that stand for words."""
    return {"input:x": labels(N * 7, 20).reshape(N, 7), "target:y": 1 + dense((N, 1), seed=1)}


def two_tables() -> Arrays:
    """Returns two tables, of which the model scales one."""
    return {"input:a": 1 + dense((N, 5)), "input:b": 100 + dense((N, 3), seed=2), "target:y": 1 + dense((N, 1), seed=1)}


# -- models -----------------------------------------------------------------------------------------


class OwnStep(keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A subclassed model with a training step of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = L.Dense(8, activation="relu")
        self.outputs_of = L.Dense(1)

    def call(self, x: Any) -> Any:
        """Runs the model."""
        return self.outputs_of(self.hidden(x))

    def train_step(self, data: Any) -> Any:
        """Scales the batch outside of all layers, and does what Keras does."""
        x, *rest = data
        return super().train_step((x * 0.5, *rest))


def own_step() -> Any:
    """Returns a subclassed model."""
    model = OwnStep()
    model.compile("sgd", "mse")
    return model


def mlp(policy: str = "float32", optimizer: Any = "sgd", regularizer: Any = None, **compiled: Any) -> Any:
    """Returns a small perceptron."""
    keras.config.set_dtype_policy(policy)
    inputs = keras.Input((5,))
    hidden = L.Dense(8, activation="relu", kernel_regularizer=regularizer)(inputs)
    model = keras.Model(inputs, L.Dense(1, dtype="float32")(hidden))
    model.compile(optimizer, "mse", **compiled)
    return model


def cnn(**compiled: Any) -> Any:
    """Returns a small network for pictures."""
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Conv2D(4, 3, activation="relu"),
            L.BatchNormalization(),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dropout(0.5),
            L.Dense(4, activation="softmax"),
        ]
    )
    model.compile(_adam(), "sparse_categorical_crossentropy", metrics=["accuracy"], **compiled)
    return model


def rescaling_cnn() -> Any:
    """Returns one that scales its pixels."""
    model = keras.Sequential([keras.Input((12, 12, 3)), L.Rescaling(1 / 255), *cnn().layers])
    model.compile(_adam(), "sparse_categorical_crossentropy")
    return model


def lstm() -> Any:
    """Returns a recurrent network."""
    model = keras.Sequential([keras.Input((7, 4)), L.LSTM(6), L.Dropout(0.2), L.Dense(1)])
    model.compile(_adam(), "mse")
    return model


def attention() -> Any:
    """Returns a block of a transformer."""
    inputs = keras.Input((7, 4))
    hidden = L.Dense(8)(inputs)
    hidden = L.LayerNormalization()(hidden + L.MultiHeadAttention(2, 4)(hidden, hidden))
    model = keras.Model(inputs, L.Dense(1)(L.GlobalAveragePooling1D()(hidden)))
    model.compile(_adam(), "mse")
    return model


def embedding() -> Any:
    """Returns a network that looks words up."""
    model = keras.Sequential([keras.Input((7,), dtype="int64"), L.Embedding(20, 6), L.Flatten(), L.Dense(1)])
    model.compile(_adam(), "mse")
    return model


def two_inputs() -> Any:
    """Returns a network with two inputs."""
    a, b = keras.Input((5,), name="a"), keras.Input((3,), name="b")
    joined = L.Concatenate()([L.Dense(4)(a), L.Dense(4)(L.Rescaling(0.01)(b))])
    model = keras.Model({"a": a, "b": b}, L.Dense(1)(joined))
    model.compile(_adam(), "mse")
    return model
