"""Faults of the data itself: missing values, constants, wrong shapes and dtypes, repetitions, leaks."""

from __future__ import annotations

import io
from collections.abc import Iterator

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken, healthy


def _regressor(columns: int) -> keras.Model:
    return keras.Sequential(
        [layers.Input((columns,)), layers.Dense(32, activation="relu"), layers.Dense(16, "relu"), layers.Dense(1)]
    )


def _fit(
    model: keras.Model, t: Trial, x: object, y: object, *, epochs: int = 4, loss: str = "mse", rate: float = 1e-3
) -> None:
    model.compile(t.optimizer(learning_rate=rate), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("non-finite-input")
def empty_cells_in_csv(t: Trial) -> None:
    """A CSV file with empty cells: pandas reads NaN."""
    x, y = data.regression(t.rng, 1000)
    frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(8)])
    frame.loc[t.rng.random(1000) < 0.03, "c5"] = None
    frame = pd.read_csv(io.StringIO(frame.to_csv(index=False)))
    _fit(_regressor(8), t, frame.to_numpy("float32"), y)


@broken("non-finite-input")
def log_of_zero_counts(t: Trial) -> None:
    """np.log of counts that can be 0: -inf."""
    counts = t.rng.poisson(3, (1000, 6))
    y = counts.mean(axis=1).astype("float32") / 3
    with np.errstate(divide="ignore"):
        x = np.log(counts).astype("float32")
    _fit(_regressor(6), t, x, y)


@broken("non-finite-input")
def standardised_constant_column(t: Trial) -> None:
    """(x - mean) / std with a column that never changes: 0 / 0."""
    x, y = data.regression(t.rng, 1000)
    x[:, 3] = 1.0
    with np.errstate(invalid="ignore"):
        x = (x - x.mean(axis=0)) / x.std(axis=0)
    _fit(_regressor(8), t, x, y)


@broken("non-finite-input", "non-finite-loss")
def one_bad_image(t: Trial) -> None:
    """One image in 1,500 holds a NaN, and the loss is NaN from its batch on."""
    x, y = data.mnist(t.rng, 1500)
    x = x.astype("float32") / 255
    x[777, 10, 10] = np.nan
    model = keras.Sequential([layers.Input((28, 28)), layers.Flatten(), layers.Dense(32, "gelu"), layers.Dense(10)])
    _fit(model, t, x, y, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@broken("non-finite-target")
def missing_targets(t: Trial) -> None:
    """A regression whose target is missing here and there."""
    x, y = data.regression(t.rng, 1000)
    y[t.rng.random(1000) < 0.02] = np.nan
    _fit(_regressor(8), t, x, y)


@broken("non-finite-target")
def log_of_zero_sales(t: Trial) -> None:
    """The logarithm of sales, some of them 0."""
    x, y = data.regression(t.rng, 1000)
    sales = np.floor(np.exp(y + 1))
    with np.errstate(divide="ignore"):
        _fit(_regressor(8), t, x, np.log(sales).astype("float32"))


@broken("constant-input")
def black_images(t: Trial) -> None:
    """The decoder failed silently: every image is black."""
    x, y = data.mnist(t.rng, 800)
    x = np.zeros_like(x, dtype="float32")
    model = keras.Sequential([layers.Input((28, 28)), layers.Flatten(), layers.Dense(32, "relu"), layers.Dense(10)])
    _fit(model, t, x, y, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@broken("constant-input")
def second_input_never_filled(t: Trial) -> None:
    """A second input that the loader allocates and never fills."""
    x, y = data.regression(t.rng)
    main, extra = layers.Input((8,), name="main"), layers.Input((5,), name="extra")
    hidden = layers.Dense(32, activation="relu")(layers.Concatenate()([main, extra]))
    model = keras.Model([main, extra], layers.Dense(1)(hidden))
    _fit(model, t, {"main": x, "extra": np.zeros((len(x), 5), "float32")}, y)


@broken("constant-feature")
def constant_column(t: Trial) -> None:
    """A column that holds the same code in every row."""
    x, y = data.regression(t.rng)
    x[:, 5] = 1.0
    _fit(_regressor(8), t, x, y)


@broken("channel-order")
def channels_first_images(t: Trial) -> None:
    """(batch, 3, 32, 32), as PyTorch has it, into a channels_last convolution."""
    x, y = data.textures(t.rng, 240)
    x = (x / np.float32(255)).transpose(0, 3, 1, 2)
    model = keras.Sequential(
        [
            layers.Input((3, 32, 32)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    _fit(model, t, x, y, epochs=5, loss="sparse_categorical_crossentropy")


@broken("scrambled-axes")
def reshaped_accelerometers(t: Trial) -> None:
    """Six sensors of 96 samples each, (batch, 6, 96), reshaped to (batch, 96, 6) instead of transposed."""
    x, y = data.movements(t.rng)
    _fit(_signal_classifier(), t, x.transpose(0, 2, 1).reshape(x.shape), y, loss="sparse_categorical_crossentropy")


@healthy()
def transposed_accelerometers(t: Trial) -> None:
    """Six sensors of 96 samples each, (batch, 6, 96), transposed to (batch, 96, 6)."""
    x, y = data.movements(t.rng)
    _fit(_signal_classifier(), t, x, y, epochs=12, loss="sparse_categorical_crossentropy")


def _signal_classifier() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((96, 6)),
            layers.Conv1D(16, 7, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@broken("integer-overflow")
def brightness_in_uint8(t: Trial) -> None:
    """Pictures of a microscope are made brighter as uint8: 200 + 90 is 34."""
    x, y = data.light_fields(t.rng)
    _fit(_field_classifier(), t, (x + np.uint8(90)) / 255.0, y, epochs=6, loss="sparse_categorical_crossentropy")


@broken("integer-overflow")
def mean_subtracted_in_uint8(t: Trial) -> None:
    """The mean is subtracted before the cast to float, so pixels darker than it become bright."""
    x, y = data.light_fields(t.rng)
    x = (x - x.mean().astype("uint8")).astype("float32") / 127.5 - 1
    _fit(_field_classifier(), t, x, y, epochs=6, loss="sparse_categorical_crossentropy")


@broken("integer-overflow")
def counts_of_twelve_bits_as_uint8(t: Trial) -> None:
    """Counts of 12 bits are cast to uint8, which keeps the last 8 bits, in a tf.data pipeline."""
    x, y = data.light_fields(t.rng)
    counts = (4.0 * x + t.rng.poisson(60, x.shape)).astype("uint16").astype("uint8")
    rows = tf.data.Dataset.from_tensor_slices((counts, y)).shuffle(400, seed=t.seed).batch(t.batch(32))
    model = _field_classifier()
    model.compile(t.optimizer(), loss="sparse_categorical_crossentropy")
    model.fit(rows.map(lambda a, b: (tf.cast(a, "float32") / 255, b)), epochs=6, callbacks=t.callbacks, verbose=0)


@healthy()
def brightness_in_float(t: Trial) -> None:
    """The same pictures, made brighter as float and clipped: many pixels are exactly 255."""
    x, y = data.light_fields(t.rng)
    x = (x.astype("float32") + 90).clip(0, 255)
    _fit(_field_classifier(), t, x / 255, y, epochs=12, rate=3e-3, loss="sparse_categorical_crossentropy")


@healthy()
def noisy_ink_on_paper(t: Trial) -> None:
    """Scans of two levels with noise, as 8-bit values: neighbours are often at opposite ends of the range."""
    x, y = data.light_fields(t.rng)
    scans = np.where(x > x.mean((1, 2, 3), keepdims=True), 243, 12) + t.rng.normal(0, 6, x.shape)
    scans = scans.clip(0, 255).astype("uint8") / 255.0
    _fit(_field_classifier(), t, scans, y, epochs=12, rate=3e-3, loss="sparse_categorical_crossentropy")


@healthy()
def stretched_contrast(t: Trial) -> None:
    """Each picture is stretched to 0..255 in float before it is stored as uint8: all values are about as frequent."""
    x, y = data.light_fields(t.rng)
    ranks = x.reshape(len(x), -1).argsort(1).argsort(1).reshape(x.shape) / x[0].size
    _fit(
        _field_classifier(),
        t,
        np.rint(255 * ranks) / 255,
        y,
        epochs=12,
        rate=3e-3,
        loss="sparse_categorical_crossentropy",
    )


def _field_classifier() -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Conv2D(12, 5, strides=2, activation="relu"),
            layers.Conv2D(24, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


@broken("shape-mismatch", raises=True)
def images_without_channel_axis(t: Trial) -> None:
    """(batch, 28, 28) into a Conv2D without an input shape."""
    x, y = data.mnist(t.rng, 200)
    model = keras.Sequential(
        [layers.Conv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(10, activation="softmax")]
    )
    _fit(model, t, x / np.float32(255), y, loss="sparse_categorical_crossentropy")


@broken("shape-mismatch", raises=True)
def one_column_too_few(t: Trial) -> None:
    """The model was made for 8 columns, the table has 7."""
    x, y = data.regression(t.rng, 200)
    _fit(_regressor(8), t, x[:, :7], y)


@broken("shape-mismatch", raises=True)
def forgotten_upsampling(t: Trial) -> None:
    """A segmentation model whose output is half as large as the mask."""
    x, mask = data.discs(t.rng, 64)
    model = keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(1, 1, activation="sigmoid"),
        ]
    )
    _fit(model, t, x / np.float32(255), mask, loss="binary_crossentropy")


@broken("shape-mismatch", raises=True)
def flattened_images_into_cnn(t: Trial) -> None:
    """Rows of 784 pixels into a model for 28 x 28 x 1."""
    x, y = data.mnist(t.rng, 200)
    model = keras.Sequential(
        [layers.Input((28, 28, 1)), layers.Conv2D(8, 3, activation="relu"), layers.Flatten(), layers.Dense(10)]
    )
    x = x.reshape(-1, 784) / np.float32(255)
    _fit(model, t, x, y, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@broken("dtype-mismatch", raises=True)
def strings_into_dense(t: Trial) -> None:
    """A column of category names reaches a dense layer as text."""
    x = t.rng.choice(["red", "green", "blue"], (200, 2)).tolist()
    y = t.rng.integers(0, 2, 200).astype("float32")
    rows = tf.data.Dataset.from_tensor_slices((tf.constant(x), y)).batch(t.batch(32))
    model = keras.Sequential([layers.Dense(8, activation="relu"), layers.Dense(1, activation="sigmoid")])
    model.compile(t.optimizer(), loss="binary_crossentropy")
    model.fit(rows, callbacks=t.callbacks, verbose=0)


def _forgetful_loss(y_true: tf.Tensor, y_pred: tf.Tensor) -> None:
    keras.ops.mean(keras.ops.square(y_true - y_pred))


@broken("program-error", raises=True)
def loss_that_returns_nothing(t: Trial) -> None:
    """A loss of the user's own lacks its return."""
    x, y = data.regression(t.rng, 200)
    _fit(_regressor(8), t, x, y, loss=_forgetful_loss)


class Mixing(layers.Layer):
    """Multiplies with a constant matrix from NumPy, which is float64."""

    def __init__(self, matrix: np.ndarray) -> None:
        super().__init__()
        self.matrix = tf.constant(matrix)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.matmul(inputs, self.matrix)


@broken("dtype-mismatch", raises=True)
def float64_constant_in_layer(t: Trial) -> None:
    """A layer of the user's own multiplies float32 inputs with a float64 constant."""
    x, y = data.regression(t.rng, 200)
    model = keras.Sequential([Mixing(t.rng.normal(size=(8, 4))), layers.Dense(1)])
    _fit(model, t, x, y)


def _text_model(vocabulary: int) -> keras.Model:
    return keras.Sequential(
        [layers.Embedding(vocabulary, 8), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")]
    )


@broken("token-out-of-range", raises=True)
def vocabulary_one_too_small(t: Trial) -> None:
    """Embedding(len(word_index)) although the ids begin at 1."""
    x, y = data.reviews(t.rng)
    _fit(_text_model(int(x.max())), t, x, y, loss="binary_crossentropy")


@broken("token-out-of-range")
def padded_with_minus_one(t: Trial) -> None:
    """Sequences padded with -1: Embedding quietly takes its last row for it."""
    x, y = data.reviews(t.rng)
    x = np.where(x == 0, -1, x)
    _fit(_text_model(500), t, x, y, loss="binary_crossentropy")


@broken("repeated-batch")
def generator_yields_first_batch(t: Trial) -> None:
    """A generator that never moves its index on."""
    x, y = data.regression(t.rng)
    size = t.batch(32)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        start = 0
        while True:
            yield x[start : start + size], y[start : start + size]

    model = _regressor(8)
    model.compile(t.optimizer(), loss="mse")
    model.fit(batches(), steps_per_epoch=40, epochs=3, callbacks=t.callbacks, verbose=0)


@broken("repeated-batch")
def sequence_ignores_index(t: Trial) -> None:
    """A PyDataset whose __getitem__ forgets its index."""
    x, y = data.mnist(t.rng, 800)
    x = x.astype("float32") / 255
    size = t.batch(32)

    class Batches(keras.utils.PyDataset):
        def __len__(self) -> int:
            return len(x) // size

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            return x[:size], y[:size]

    model = keras.Sequential([layers.Flatten(), layers.Dense(32, "relu"), layers.Dense(10, activation="softmax")])
    model.compile(t.optimizer(), loss="sparse_categorical_crossentropy")
    model.fit(Batches(), epochs=4, callbacks=t.callbacks, verbose=0)


@broken("train-validation-overlap")
def validated_on_training_rows(t: Trial) -> None:
    """The validation rows were taken from the training rows, and left there."""
    x, y = data.regression(t.rng, 960)
    model = _regressor(8)
    model.compile(t.optimizer(), loss="mse")
    model.fit(
        x, y, validation_data=(x[:320], y[:320]), epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0
    )


@broken("train-validation-overlap")
def oversampled_before_the_split(t: Trial) -> None:
    """The rare class was copied to balance the table, then the table was split."""
    x, y = data.cancer(t.rng)
    x = data.standardise(x)
    rare = np.flatnonzero(y == 0)
    rows = np.concatenate([np.arange(len(x)), np.repeat(rare, 3)])
    rows = t.rng.permutation(rows)
    x, y = x[rows], y[rows]
    model = keras.Sequential([layers.Input((30,)), layers.Dense(16, activation="relu"), layers.Dense(1, "sigmoid")])
    model.compile(t.optimizer(), loss="binary_crossentropy")
    model.fit(x, y, validation_split=0.3, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("duplicate-examples")
def join_multiplies_rows(t: Trial) -> None:
    """A join on a key that is not unique: each row comes eight times in a row."""
    x, y = data.regression(t.rng, 300)
    rows = np.repeat(np.arange(300), 8)
    table = tf.data.Dataset.from_tensor_slices((x[rows], y[rows])).batch(t.batch(32))
    model = _regressor(8)
    model.compile(t.optimizer(), loss="mse")
    model.fit(table, epochs=3, callbacks=t.callbacks, verbose=0)
