"""Inputs of the wrong scale: raw, scaled twice, cut to integers, shifted."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken


def _classifier(shape: tuple[int, ...], classes: int = 10) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _cnn(shape: tuple[int, ...], classes: int) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def _compile(model: keras.Model, t: Trial, loss: str = "sparse_categorical_crossentropy", **more: object) -> None:
    model.compile(t.optimizer(), loss=loss, **more)


@broken("unnormalized-input")
def mnist_raw_dense(t: Trial) -> None:
    """0..255 floats straight into a dense network."""
    x, y = data.mnist(t.rng)
    model = _classifier((28, 28))
    _compile(model, t, metrics=["accuracy"])
    model.fit(x.astype("float32"), y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def mnist_raw_uint8_cnn(t: Trial) -> None:
    """Images as they come from the file, uint8, into a convolution."""
    x, y = data.mnist(t.rng, 1000)
    model = _cnn((28, 28, 1), 10)
    _compile(model, t)
    model.fit(x[..., None], y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def image_folder_without_rescaling(t: Trial) -> None:
    """image_dataset_from_directory yields 0..255 floats, and the model has no Rescaling."""
    x, y = data.textures(t.rng, 90)
    for i, (image, label) in enumerate(zip(x, y, strict=True)):
        folder = t.folder / f"class{label}"
        folder.mkdir(exist_ok=True)
        (folder / f"{i}.png").write_bytes(tf.io.encode_png(image).numpy())
    images = keras.utils.image_dataset_from_directory(
        t.folder, image_size=(32, 32), batch_size=t.batch(16), seed=t.seed, verbose=False
    )
    model = _cnn((32, 32, 3), 3)
    _compile(model, t)
    model.fit(images, epochs=6, callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def xray_16_bit(t: Trial) -> None:
    """16-bit radiographs, 0..65535, divided by nothing."""
    x, mask = data.discs(t.rng, 300)
    x = x.astype("float32") * 257
    y = (mask.sum(axis=(1, 2, 3)) > 100).astype("int64")
    model = _cnn((32, 32, 1), 2)
    _compile(model, t)
    model.fit(x, y, epochs=5, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def raw_prices_into_lstm(t: Trial) -> None:
    """Share prices near 3,000 go into an LSTM: its gates saturate."""
    steps = t.rng.normal(0, 20, (400, 30))
    x = (3000 + steps.cumsum(axis=1)).astype("float32")[..., None]
    y = (steps[:, -5:].mean(axis=1) / 20).astype("float32")
    model = keras.Sequential([layers.Input((30, 1)), layers.LSTM(16), layers.Dense(1)])
    _compile(model, t, "mse")
    model.fit(x, y, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("feature-scale-disparity", "unnormalized-input")
def unix_time_as_feature(t: Trial) -> None:
    """A time stamp of 1.7e9 seconds beside standardised columns."""
    x, y = data.regression(t.rng)
    stamp = 1.7e9 + t.rng.uniform(0, 3e7, (len(x), 1))
    model = keras.Sequential([layers.Input((9,)), layers.Dense(32, activation="relu"), layers.Dense(1)])
    _compile(model, t, "mse")
    x = np.concatenate([x, stamp], axis=1).astype("float32")
    model.fit(x, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


def _table(t: Trial, x: np.ndarray, y: np.ndarray, classes: int, epochs: int) -> None:
    model = keras.Sequential(
        [
            layers.Input(x.shape[1:]),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    _compile(model, t, metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("feature-scale-disparity", "unnormalized-input")
def wine_raw(t: Trial) -> None:
    """scikit-learn's wine without scaling: one column near 0.3, another near 750."""
    _table(t, *data.wine(t.rng), 3, 10)


@broken("feature-scale-disparity", "unnormalized-input")
def cancer_raw(t: Trial) -> None:
    """scikit-learn's breast cancer without scaling: columns of 0.003 and of 900."""
    _table(t, *data.cancer(t.rng), 2, 5)


@broken("feature-scale-disparity", "unnormalized-input")
def normalization_never_adapted(t: Trial) -> None:
    """Normalization is given mean 0 and variance 1, so raw incomes pass through."""
    x, y = data.census(t.rng)
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Normalization(mean=0.0, variance=1.0),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    _compile(model, t, "binary_crossentropy")
    model.fit(x, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def percent_and_kelvin(t: Trial) -> None:
    """Sensor columns in Kelvin and hectopascal: all of them large, none of them centred."""
    z = t.rng.normal(size=(1500, 3))
    x = (z * [8, 10, 15] + [290, 1013, 400]).astype("float32")
    y = np.tanh(z[:, 0] + z[:, 1] * z[:, 2]).astype("float32")
    model = keras.Sequential([layers.Input((3,)), layers.Dense(32, activation="tanh"), layers.Dense(1)])
    _compile(model, t, "mse")
    model.fit(x, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("double-scaled-input", source="https://github.com/tensorflow/tensorflow/issues/42506")
def scaled_in_pipeline_and_model(t: Trial) -> None:
    """Divided by 255 in the pipeline, and again by Rescaling in the model."""
    x, y = data.textures(t.rng, 300)
    model = keras.Sequential([layers.Input((32, 32, 3)), layers.Rescaling(1 / 255), *_cnn((32, 32, 3), 3).layers])
    _compile(model, t)
    model.fit(x / np.float32(255), y, epochs=5, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("double-scaled-input")
def divided_twice(t: Trial) -> None:
    """A notebook cell `x = x / 255` that was run twice."""
    x, y = data.mnist(t.rng)
    x = x.astype("float32") / 255
    x = x / 255
    model = _classifier((28, 28))
    _compile(model, t)
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("double-scaled-input", source="https://github.com/tensorflow/tensorflow/issues/48412")
def convert_image_dtype_then_divide(t: Trial) -> None:
    """tf.image.convert_image_dtype scales to 0..1 already; the map divides once more."""
    x, y = data.textures(t.rng, 300)

    def prepare(image: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.image.convert_image_dtype(image, tf.float32) / 255.0, label

    images = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(300, seed=t.seed).map(prepare).batch(t.batch(16))
    model = _cnn((32, 32, 3), 3)
    _compile(model, t)
    model.fit(images, epochs=5, callbacks=t.callbacks, verbose=0)


@broken("truncated-input", source="https://github.com/keras-team/keras/issues/255")
def divided_into_integers(t: Trial) -> None:
    """(x / 255).astype("uint8"): everything below white becomes 0."""
    x, y = data.textures(t.rng, 300)
    model = _cnn((32, 32, 3), 3)
    _compile(model, t)
    x = (x / 255).astype("uint8")
    model.fit(x, y, epochs=4, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("truncated-input")
def floor_division(t: Trial) -> None:
    """x // 255 in place of x / 255, in a data set's map."""
    x, y = data.mnist(t.rng, 1000)
    x = np.minimum(x, 254)  # a scanner that never reaches pure white
    images = tf.data.Dataset.from_tensor_slices((x[..., None], y)).shuffle(1000, seed=t.seed)
    images = images.map(lambda image, label: (tf.cast(image, tf.int32) // 255, label)).batch(t.batch(32))
    model = _cnn((28, 28, 1), 10)
    _compile(model, t)
    model.fit(images, epochs=3, callbacks=t.callbacks, verbose=0)


@broken("integer-input")
def integer_answers(t: Trial) -> None:
    """A questionnaire's answers 1..5 stay int64, and Keras casts them on every step."""
    x = t.rng.integers(1, 6, (1500, 12))
    y = (x[:, :4].sum(axis=1) > x[:, 4:8].sum(axis=1)).astype("int64")
    model = keras.Sequential([layers.Input((12,)), layers.Dense(32, activation="relu"), layers.Dense(1)])
    _compile(model, t, keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(x, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("train-validation-skew", source="https://github.com/keras-team/keras/issues/7187")
def validation_not_scaled(t: Trial) -> None:
    """Training images are divided by 255, those for validation are not."""
    x, y = data.mnist(t.rng)
    model = _classifier((28, 28))
    _compile(model, t, metrics=["accuracy"])
    model.fit(
        x[:1600] / np.float32(255),
        y[:1600],
        validation_data=(x[1600:].astype("float32"), y[1600:]),
        epochs=4,
        batch_size=t.batch(32),
        callbacks=t.callbacks,
        verbose=0,
    )


@broken("train-validation-skew", source="https://github.com/keras-team/keras/issues/1950")
def validation_scaled_otherwise(t: Trial) -> None:
    """-1..1 in training, 0..1 in validation."""
    x, y = data.textures(t.rng, 360)
    model = _cnn((32, 32, 3), 3)
    _compile(model, t, metrics=["accuracy"])
    model.fit(
        x[:300] / np.float32(127.5) - 1,
        y[:300],
        validation_data=(x[300:] / np.float32(255), y[300:]),
        epochs=6,
        batch_size=t.batch(16),
        callbacks=t.callbacks,
        verbose=0,
    )


@broken("train-validation-skew")
def validation_table_raw(t: Trial) -> None:
    """StandardScaler on the training columns only: validation comes raw."""
    x, y = data.cancer(t.rng)
    train, held = data.standardise(x[:450]), x[450:]
    model = keras.Sequential([layers.Input((30,)), layers.Dense(16, activation="relu"), layers.Dense(1, "sigmoid")])
    _compile(model, t, "binary_crossentropy")
    model.fit(
        train,
        y[:450],
        validation_data=(held, y[450:]),
        epochs=5,
        batch_size=t.batch(16),
        callbacks=t.callbacks,
        verbose=0,
    )


@broken("input-drift")
def sensor_gain_drifts(t: Trial) -> None:
    """Records in the order of time, unshuffled; the sensor's gain and offset wander."""
    x, y = data.regression(t.rng, 3000)
    wander = np.linspace(0, 1, len(x), dtype="float32")[:, None]
    x = x * (1 + 4 * wander) + 6 * wander
    model = keras.Sequential([layers.Input((8,)), layers.Dense(32, activation="relu"), layers.Dense(1)])
    _compile(model, t, "mse")
    model.fit(x, y, epochs=1, shuffle=False, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)
