"""Faults of targets, losses and the output that must fit them."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken


def _network(shape: tuple[int, ...], units: int, activation: str | None = None) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(units, activation=activation),
        ]
    )


def _fit(model: keras.Model, t: Trial, x: object, y: object, loss: object, epochs: int = 4, **more: object) -> None:
    model.compile(t.optimizer(), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0, **more)


def _digits(t: Trial) -> tuple[np.ndarray, np.ndarray]:
    x, y = data.digits(t.rng)
    return x / 16, y


@broken("label-out-of-range", raises=True)
def labels_from_one(t: Trial) -> None:
    """Classes 1..10 for ten units."""
    x, y = _digits(t)
    _fit(_network((64,), 10, "softmax"), t, x, y + 1, "sparse_categorical_crossentropy")


@broken("label-out-of-range")
def one_unit_too_few_with_xla(t: Trial) -> None:
    """Nine units for ten classes, compiled with XLA: no exception, the loss is NaN."""
    x, y = _digits(t)
    model = _network((64,), 9, "softmax")
    model.compile(t.optimizer(), loss="sparse_categorical_crossentropy", jit_compile=True)
    model.fit(x[:640], y[:640], epochs=2, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("label-out-of-range", raises=True)
def unknown_class_is_minus_one(t: Trial) -> None:
    """Unlabelled examples carry -1."""
    x, y = _digits(t)
    y = np.where(t.rng.random(len(y)) < 0.1, -1, y)
    _fit(_network((64,), 10), t, x, y, keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@broken("label-loss-mismatch", raises=True)
def one_hot_with_sparse_loss(t: Trial) -> None:
    """to_categorical and sparse_categorical_crossentropy."""
    x, y = _digits(t)
    y = keras.utils.to_categorical(y)
    _fit(_network((64,), 10, "softmax"), t, x, y, "sparse_categorical_crossentropy")


@broken("label-loss-mismatch", raises=True)
def ids_with_categorical_loss(t: Trial) -> None:
    """Class ids and categorical_crossentropy."""
    x, y = _digits(t)
    _fit(_network((64,), 10, "softmax"), t, x, y, "categorical_crossentropy")


@broken("label-loss-mismatch")
def ten_classes_with_binary_loss(t: Trial) -> None:
    """Ids 0..9 against one sigmoid with binary_crossentropy: the loss goes far below 0."""
    x, y = _digits(t)
    _fit(_network((64,), 1, "sigmoid"), t, x, y.astype("float32"), "binary_crossentropy")


@broken("label-loss-mismatch")
def minus_one_and_one_with_binary_loss(t: Trial) -> None:
    """Labels -1 and 1, as an SVM wants them, with binary_crossentropy."""
    x, y = data.moons(t.rng)
    _fit(_network((2,), 1, "sigmoid"), t, x, (2 * y - 1).astype("float32"), "binary_crossentropy")


@broken("label-loss-mismatch")
def labels_of_0_and_255_in_mask(t: Trial) -> None:
    """A segmentation mask read from a PNG: 0 and 255 in place of 0 and 1."""
    x, mask = data.discs(t.rng, 160)
    model = keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.Conv2D(1, 1, activation="sigmoid"),
        ]
    )
    _fit(model, t, x / np.float32(255), (mask * 255).astype("float32"), "binary_crossentropy", 6)


class MeanSquares(keras.Model):
    """Computes its loss by hand."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # type: ignore[no-untyped-def]  # Keras' signature
        return tf.reduce_mean(tf.square(y - y_pred))


@broken("target-shape-broadcast")
def flat_target_in_own_loss(t: Trial) -> None:
    """compute_loss subtracts (batch, 1) from (batch,): a matrix of all pairs."""
    x, y = data.regression(t.rng)
    inputs = layers.Input((8,))
    model = MeanSquares(inputs, layers.Dense(1)(layers.Dense(32, activation="relu")(inputs)))
    rows = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(2000, seed=t.seed).batch(t.batch(32))
    model.compile(t.optimizer())
    model.fit(rows, epochs=5, callbacks=t.callbacks, verbose=0)


@broken("target-shape-broadcast", "shape-mismatch")
def one_unit_for_five_targets(t: Trial) -> None:
    """Five targets against Dense(1) with mse: broadcast, so all five get one answer."""
    x, y = data.regression(t.rng)
    y = np.stack([y, -y, x[:, 1], x[:, 2], x[:, 3]], axis=1)
    _fit(_network((8,), 1), t, x, y, "mse", 6)


@broken("target-out-of-range")
def sigmoid_for_years(t: Trial) -> None:
    """A regression of 0..50 with a sigmoid at the output."""
    x, y = data.regression(t.rng)
    _fit(_network((8,), 1, "sigmoid"), t, x, (y * 8 + 25).clip(0, 50), "mse", 6)


@broken("target-out-of-range")
def relu_for_standardised_target(t: Trial) -> None:
    """ReLU at the output, half of the targets are negative."""
    x, y = data.regression(t.rng)
    _fit(_network((8,), 1, "relu"), t, x, data.standardise(y), "mse", 6)


@broken("target-out-of-range")
def autoencoder_of_raw_pixels(t: Trial) -> None:
    """The input is scaled, the target is not: a sigmoid cannot reach 255."""
    x, _ = data.mnist(t.rng, 1000)
    x = x.reshape(-1, 784).astype("float32")
    _fit(_network((784,), 784, "sigmoid"), t, x / 255, x, "mse")


@broken("unscaled-target")
def house_prices_with_adam(t: Trial) -> None:
    """Prices of 50,000 to 900,000: Adam would need a hundred thousand steps to get there."""
    x, y = data.houses(t.rng)
    _fit(_network((6,), 1), t, x, y, "mse", 6)


@broken("unscaled-target")
def diabetes_with_sgd(t: Trial) -> None:
    """A target near 150 and plain SGD: the loss explodes."""
    x, y = data.diabetes(t.rng)
    model = _network((10,), 1)
    model.compile(t.optimizer("sgd", 0.02), loss="mse")
    model.fit(data.standardise(x), y, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("output-activation-mismatch")
def softmax_with_from_logits(t: Trial) -> None:
    """Softmax at the output, and a loss that applies it again."""
    x, y = _digits(t)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    _fit(_network((64,), 10, "softmax"), t, x, y, loss)


@broken("output-activation-mismatch")
def from_logits_forgotten(t: Trial) -> None:
    """Logits go into a loss that expects probabilities."""
    x, y = _digits(t)
    _fit(_network((64,), 10), t, x, y, "sparse_categorical_crossentropy")


@broken("output-activation-mismatch")
def softmax_over_one_unit(t: Trial) -> None:
    """Dense(1, activation="softmax"): always 1."""
    x, y = data.moons(t.rng)
    _fit(_network((2,), 1, "softmax"), t, x, y.astype("float32"), "binary_crossentropy")


@broken("output-activation-mismatch")
def relu_as_class_output(t: Trial) -> None:
    """ReLU in place of softmax."""
    x, y = _digits(t)
    _fit(_network((64,), 10, "relu"), t, x, keras.utils.to_categorical(y), "categorical_crossentropy")


@broken("output-activation-mismatch")
def tanh_with_binary_loss(t: Trial) -> None:
    """tanh for a probability: half of its range has no logarithm."""
    x, y = data.moons(t.rng)
    _fit(_network((2,), 1, "tanh"), t, x, y.astype("float32"), "binary_crossentropy")


@broken("output-activation-mismatch")
def linear_with_binary_loss(t: Trial) -> None:
    """A linear output with binary_crossentropy."""
    x, y = data.cancer(t.rng)
    _fit(_network((30,), 1), t, data.standardise(x), y.astype("float32"), "binary_crossentropy")


@broken("output-activation-mismatch")
def sigmoid_with_binary_from_logits(t: Trial) -> None:
    """A sigmoid, and BinaryCrossentropy(from_logits=True) that applies it again."""
    x, y = data.cancer(t.rng)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    _fit(_network((30,), 1, "sigmoid"), t, data.standardise(x), y.astype("float32"), loss)


@broken("output-activation-mismatch")
def softmax_for_several_labels(t: Trial) -> None:
    """Examples with several labels at once, and softmax, which lets only one be true."""
    x, _ = data.regression(t.rng)
    y = (x[:, :6] + x[:, 1:7] > -0.5).astype("float32")
    _fit(_network((8,), 6, "softmax"), t, x, y, "binary_crossentropy")


@broken("constant-target")
def labels_all_zero(t: Trial) -> None:
    """The labels were parsed from the wrong column: all of them are 0."""
    x, y = _digits(t)
    _fit(_network((64,), 10, "softmax"), t, x, np.zeros_like(y), "sparse_categorical_crossentropy")


@broken("constant-target")
def regression_target_constant(t: Trial) -> None:
    """A lag of 0: the change to predict is 0 for every row."""
    x, y = data.waves(t.rng)
    _fit(_network((40, 1), 1), t, x, np.zeros_like(y), "mse")


@broken("single-class-batch")
def sorted_and_unshuffled(t: Trial) -> None:
    """Sorted by class, and shuffle=False."""
    x, y = _digits(t)
    order = np.argsort(y, kind="stable")
    model = _network((64,), 10, "softmax")
    _fit(model, t, x[order], y[order], "sparse_categorical_crossentropy", 3, shuffle=False)


@broken("single-class-batch")
def folders_read_one_by_one(t: Trial) -> None:
    """A data set made folder by folder, with a shuffle buffer that is far too small."""
    x, y = data.textures(t.rng, 480)
    order = np.argsort(y, kind="stable")
    x = (x[order] / 255).astype("float32")
    images = tf.data.Dataset.from_tensor_slices((x, y[order])).shuffle(8, seed=t.seed).batch(t.batch(8)).prefetch(1)
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(), loss="sparse_categorical_crossentropy")
    model.fit(images, epochs=3, callbacks=t.callbacks, verbose=0)


@broken("class-imbalance")
def two_in_a_hundred(t: Trial) -> None:
    """Fraud: 2 % of the rows, and nothing done about it."""
    x = t.rng.normal(size=(4000, 8)).astype("float32")
    y = (x[:, 0] + x[:, 1] + t.rng.normal(0, 1, 4000) > 3.55).astype("float32")
    _fit(_network((8,), 1, "sigmoid"), t, x, y, "binary_crossentropy", 3)


@broken("bad-sample-weight")
def weights_all_zero(t: Trial) -> None:
    """Sample weights by integer division: all 0, and the loss is 0."""
    x, y = data.regression(t.rng)
    weight = (t.rng.integers(1, 100, len(x)) // 100).astype("float32")
    _fit(_network((8,), 1), t, x, y, "mse", sample_weight=weight)


@broken("bad-sample-weight")
def weights_negative(t: Trial) -> None:
    """Weights that were standardised: half of the examples are unlearned."""
    x, y = data.regression(t.rng)
    _fit(_network((8,), 1), t, x, y, "mse", sample_weight=data.standardise(t.rng.exponential(size=len(x))))


@broken("bad-sample-weight")
def weights_with_nan(t: Trial) -> None:
    """Weights 1 / count with a count that is missing."""
    x, y = data.regression(t.rng)
    weight = np.ones(len(x), "float32")
    weight[::97] = np.nan
    _fit(_network((8,), 1), t, x, y, "mse", sample_weight=weight)


@broken("stalled-loss")
def shuffled_apart(t: Trial) -> None:
    """Images were shuffled and their labels were not: nothing can be learned."""
    x, y = data.mnist(t.rng)
    x = t.rng.permutation(x)[..., None] / np.float32(255)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    _fit(model, t, x, y, "sparse_categorical_crossentropy", 8)
