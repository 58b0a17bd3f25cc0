"""Faults of the model: initial values, missing or wrong layers, frozen or disconnected parts."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken


def _fit(model: keras.Model, t: Trial, x: object, y: object, loss: object, epochs: int = 4, **more: object) -> None:
    model.compile(t.optimizer(), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0, **more)


def _digits(t: Trial) -> tuple[np.ndarray, np.ndarray]:
    x, y = data.digits(t.rng)
    return x / 16, y


_SPARSE = "sparse_categorical_crossentropy"


@broken("missing-nonlinearity")
def stacked_linear_layers(t: Trial) -> None:
    """Dense layers without activations: together one linear map."""
    x, y = data.moons(t.rng)
    model = keras.Sequential(
        [layers.Input((2,)), layers.Dense(64), layers.Dense(64), layers.Dense(1, activation="sigmoid")]
    )
    _fit(model, t, x, y.astype("float32"), "binary_crossentropy", 6)


@broken("missing-nonlinearity")
def stacked_linear_convolutions(t: Trial) -> None:
    """Convolutions without activations."""
    x, y = data.textures(t.rng, 240)
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(8, 3),
            layers.Conv2D(16, 3),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    _fit(model, t, x / np.float32(255), y, _SPARSE, 5)


@broken("degenerate-initialization")
def all_weights_zero(t: Trial) -> None:
    """kernel_initializer="zeros": every unit stays the same as its neighbours, and none ever learns."""
    x, y = _digits(t)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(32, activation="relu", kernel_initializer="zeros"),
            layers.Dense(10, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    _fit(model, t, x, y, _SPARSE)


@broken("degenerate-initialization")
def all_weights_equal(t: Trial) -> None:
    """Constant(0.1): all units of a layer compute, and learn, the same."""
    x, y = _digits(t)
    same = keras.initializers.Constant(0.1)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(32, activation="tanh", kernel_initializer=same),
            layers.Dense(10, activation="softmax", kernel_initializer=same),
        ]
    )
    _fit(model, t, x, y, _SPARSE)


@broken("degenerate-initialization")
def activations_explode_with_depth(t: Trial) -> None:
    """RandomNormal(stddev=1) in eight ReLU layers: every layer multiplies the scale by about five."""
    x, y = _digits(t)
    wide = keras.initializers.RandomNormal(stddev=1.0, seed=t.seed)
    model = keras.Sequential([layers.Input((64,))])
    for _ in range(8):
        model.add(layers.Dense(48, activation="relu", kernel_initializer=wide))
    model.add(layers.Dense(10, activation="softmax"))
    _fit(model, t, x, y, _SPARSE)


@broken("degenerate-initialization")
def activations_vanish_with_depth(t: Trial) -> None:
    """RandomNormal(stddev=0.01) in eight tanh layers: nothing arrives at the output."""
    x, y = _digits(t)
    model = keras.Sequential([layers.Input((64,))])
    for i in range(8):
        narrow = keras.initializers.RandomNormal(stddev=0.01, seed=i)
        model.add(layers.Dense(48, activation="tanh", kernel_initializer=narrow))
    model.add(layers.Dense(10, activation="softmax"))
    _fit(model, t, x, y, _SPARSE)


@broken("frozen-model")
def everything_frozen(t: Trial) -> None:
    """model.trainable = False, meant for the backbone only."""
    x, y = _digits(t)
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.trainable = False
    _fit(model, t, x, y, _SPARSE)


@broken("frozen-model", "learning-rate-too-low")
def learning_rate_zero(t: Trial) -> None:
    """A schedule that begins, and stays, at 0."""
    x, y = _digits(t)
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.0), loss=_SPARSE)
    model.fit(x, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("excessive-dropout")
def dropout_keeps_nothing(t: Trial) -> None:
    """Dropout(0.98), taken for the fraction to keep."""
    x, y = _digits(t)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.98),
            layers.Dense(10, activation="softmax"),
        ]
    )
    _fit(model, t, x, y, _SPARSE)


@broken("dominant-regularization")
def penalty_larger_than_loss(t: Trial) -> None:
    """L2 with a factor of 1: the penalty is tens of times the loss on the data."""
    x, y = _digits(t)
    strong = keras.regularizers.L2(1.0)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(64, activation="relu", kernel_regularizer=strong),
            layers.Dense(10, activation="softmax", kernel_regularizer=strong),
        ]
    )
    _fit(model, t, x, y, _SPARSE)


@broken("initial-loss-off")
def output_starts_too_sure(t: Trial) -> None:
    """The last layer's weights are drawn with a standard deviation of 3: sure of itself and wrong."""
    x, y = _digits(t)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, kernel_initializer=keras.initializers.RandomNormal(stddev=3.0, seed=t.seed)),
        ]
    )
    _fit(model, t, x, y, keras.losses.SparseCategoricalCrossentropy(from_logits=True), 8)


@broken("unfinished-training")
def stopped_too_soon(t: Trial) -> None:
    """SGD with 0.03 for six epochs: the loss still falls steeply at the end."""
    x, y = _digits(t)
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile(t.optimizer("sgd", 0.03), loss=_SPARSE)
    model.fit(x, y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("zero-gradient")
def head_that_nobody_uses(t: Trial) -> None:
    """The second branch is multiplied by a mask that is always 0."""
    x, y = data.regression(t.rng)
    inputs = layers.Input((8,))
    left = layers.Dense(16, activation="relu", name="left")(inputs)
    right = layers.Dense(16, activation="relu", name="right")(inputs)
    merged = layers.Add()([left, layers.Rescaling(0.0)(right)])
    _fit(keras.Model(inputs, layers.Dense(1)(merged)), t, x, y, "mse", 5)


class DetachedEncoder(keras.Model):
    """Its encoder's output goes through stop_gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = layers.Dense(32, activation="relu")
        self.head = layers.Dense(1)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return self.head(keras.ops.stop_gradient(self.encoder(inputs)))


@broken("zero-gradient")
def encoder_detached(t: Trial) -> None:
    """stop_gradient left in from an experiment: the encoder never learns."""
    x, y = data.regression(t.rng)
    _fit(DetachedEncoder(), t, x, y, "mse", 5)


class Rounded(layers.Layer):
    """Rounds, which has no gradient."""

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return keras.ops.round(inputs * 8) / 8


@broken("zero-gradient")
def rounded_in_the_middle(t: Trial) -> None:
    """Quantised activations without a straight-through gradient."""
    x, y = data.regression(t.rng)
    model = keras.Sequential(
        [layers.Input((8,)), layers.Dense(32, activation="relu"), Rounded(), layers.Dense(16, "relu"), layers.Dense(1)]
    )
    _fit(model, t, x, y, "mse", 5)


@broken("constant-output")
def normalised_single_unit(t: Trial) -> None:
    """LayerNormalization over one unit: the answer is the same for every row."""
    x, y = data.regression(t.rng)
    model = keras.Sequential(
        [layers.Input((8,)), layers.Dense(32, activation="relu"), layers.Dense(1), layers.LayerNormalization()]
    )
    _fit(model, t, x, y, "mse", 6)


@broken("constant-output")
def embeddings_collapse(t: Trial) -> None:
    """Pairs are pulled together and towards the centre, never pushed apart: every embedding becomes the same."""
    x, _ = data.blobs(t.rng)
    twin = x + t.rng.normal(0, 0.3, x.shape).astype("float32")
    encoder = keras.Sequential([layers.Input((10,)), layers.Dense(16, activation="tanh"), layers.Dense(4)])
    a, b = layers.Input((10,)), layers.Input((10,))
    model = keras.Model([a, b], layers.Concatenate()([encoder(a), encoder(b)]))

    def pull(_: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        apart = keras.ops.square(y_pred[:, :4] - y_pred[:, 4:])
        return keras.ops.mean(apart, axis=-1) + keras.ops.mean(keras.ops.square(y_pred), axis=-1)

    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss=pull)
    model.fit([x, twin], np.zeros(len(x)), epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)
