"""The scale table, row by row, through real models: which alerts about an input's scale must come, and which must not.

The rows about `keras.applications` are in `backbones`.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, scale_row

_SPARSE = "sparse_categorical_crossentropy"


def _images(t: Trial, x: np.ndarray, y: np.ndarray, *head: layers.Layer, dense: bool = False, epochs: int = 4) -> None:
    body = (
        [layers.Flatten(), layers.Dense(32, activation="relu")]
        if dense
        else [
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
        ]
    )
    model = keras.Sequential([layers.Input(x.shape[1:]), *head, *body, layers.Dense(3, activation="softmax")])
    model.compile(t.optimizer(learning_rate=3e-3), loss=_SPARSE)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


def _table(t: Trial, x: np.ndarray, y: np.ndarray, *head: layers.Layer, loss: str = "mse", epochs: int = 5) -> None:
    model = keras.Sequential([layers.Input(x.shape[1:]), *head, layers.Dense(32, activation="relu"), layers.Dense(1)])
    model.compile(t.optimizer(), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@scale_row("0..255 images, float, into Conv", "unnormalized-input")
def row_float_255_conv(t: Trial) -> None:
    """float32 0..255 into Conv2D."""
    x, y = data.textures(t.rng)
    _images(t, x.astype("float32"), y)


@scale_row("0..255 images, float, into Dense", "unnormalized-input")
def row_float_255_dense(t: Trial) -> None:
    """float32 0..255 into Flatten and Dense."""
    x, y = data.textures(t.rng)
    _images(t, x.astype("float32"), y, dense=True)


@scale_row("0..255 images, integer, into Conv", "unnormalized-input")
def row_integer_255_conv(t: Trial) -> None:
    """int64 0..255 into Conv2D."""
    x, y = data.textures(t.rng)
    _images(t, x.astype("int64"), y)


@scale_row("0..255 images, integer, into Dense", "unnormalized-input")
def row_integer_255_dense(t: Trial) -> None:
    """uint8 0..255 into Flatten and Dense."""
    x, y = data.textures(t.rng)
    _images(t, x, y, dense=True)


@scale_row("0..255 into Rescaling(1/255)")
def row_255_rescaling(t: Trial) -> None:
    """uint8 0..255, rescaled in the model."""
    _images(t, *data.textures(t.rng), layers.Rescaling(1 / 255))


@scale_row("0..255 into an adapted Normalization")
def row_255_normalization(t: Trial) -> None:
    """float32 0..255 behind an adapted Normalization."""
    x, y = data.textures(t.rng)
    norm = layers.Normalization()
    norm.adapt(x.astype("float32"))
    _images(t, x.astype("float32"), y, norm)


@scale_row("0..255 into BatchNormalization first")
def row_255_batchnorm(t: Trial) -> None:
    """float32 0..255 into BatchNormalization."""
    x, y = data.textures(t.rng)
    _images(t, x.astype("float32"), y, layers.BatchNormalization(), epochs=6)


@scale_row("/255")
def row_unit(t: Trial) -> None:
    """0..1."""
    x, y = data.textures(t.rng)
    _images(t, x / np.float32(255), y)


@scale_row("/127.5 - 1")
def row_minus_one_to_one(t: Trial) -> None:
    """-1..1."""
    x, y = data.textures(t.rng)
    _images(t, x / np.float32(127.5) - 1, y)


@scale_row("z-scored images (-2.1..2.6)")
def row_z_scores(t: Trial) -> None:
    """ImageNet's mean and deviation."""
    x, y = data.textures(t.rng)
    x = (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    _images(t, x.astype("float32"), y)


@scale_row("0..16 digits divided by 16")
def row_digits_16(t: Trial) -> None:
    """scikit-learn's digits / 16."""
    x, y = data.digits(t.rng)
    model = keras.Sequential([layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10, "softmax")])
    model.compile(t.optimizer(), loss=_SPARSE)
    model.fit(x / 16, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@scale_row("token ids into Embedding")
def row_tokens(t: Trial) -> None:
    """Ids up to 500."""
    x, y = data.reviews(t.rng)
    _table(t, x, y, layers.Embedding(500, 16), layers.GlobalAveragePooling1D(), epochs=8)


@scale_row("one-hot")
def row_one_hot(t: Trial) -> None:
    """One-hot columns only."""
    a, b = t.rng.integers(0, 12, (2, 1500))
    _table(t, np.concatenate([data.one_hot(a, 12), data.one_hot(b, 12)], axis=1), np.sin(a) * np.cos(b))


@scale_row("binary masks")
def row_binary_masks(t: Trial) -> None:
    """Masks of 0 and 1, uint8."""
    _, mask = data.discs(t.rng, 400)
    y = np.digitize(mask.sum(axis=(1, 2, 3)), [80, 140])
    _images(t, mask, y, dense=True, epochs=6)


@scale_row("multi-hot")
def row_multi_hot(t: Trial) -> None:
    """Several ones a row."""
    x = (t.rng.random((1500, 60)) < 0.1).astype("float32")
    _table(t, x, x[:, :10].sum(axis=1) - x[:, 10:20].sum(axis=1))


@scale_row("/255 twice", "double-scaled-input")
def row_255_twice(t: Trial) -> None:
    """0..1/255."""
    x, y = data.textures(t.rng)
    _images(t, x / np.float32(255) / np.float32(255), y)


@scale_row("raw tabular columns into Dense", "feature-scale-disparity", "unnormalized-input")
def row_raw_columns(t: Trial) -> None:
    """Age 20..80, income 10^4..10^6, years at school, hours a week."""
    x, y = data.census(t.rng)
    _table(t, x, y)


@scale_row("log-mel audio (-80..0 dB) into BatchNormalization first")
def row_log_mel(t: Trial) -> None:
    """-80..0 dB."""
    x, y = data.mels(t.rng)
    _images(t, x, y, layers.BatchNormalization(), epochs=6)


@scale_row("sensor values with std 10 into BatchNormalization first")
def row_sensors(t: Trial) -> None:
    """Accelerations in m/s2."""
    x, y = data.motions(t.rng)
    _table(
        t,
        x,
        y / 1.0,
        layers.BatchNormalization(),
        layers.Conv1D(16, 7, activation="relu"),
        layers.GlobalAveragePooling1D(),
        epochs=8,
    )


@scale_row("standardised columns with heavy tails (one value at 12 sigma)")
def row_one_outlier(t: Trial) -> None:
    """One value at 12 sigma."""
    x, y = data.regression(t.rng)
    x[5, 2] = 12.0
    _table(t, x, y)
