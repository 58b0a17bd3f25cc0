"""Broken programs whose fault shows in what had to be recorded for it, each with a healthy twin in
`unseen_healthy_recorded`."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken


@broken("exhausted-data", source="https://github.com/tensorflow/tensorflow/issues/47938")
def csv_reader_that_ends(t: Trial) -> None:
    """A generator goes through the rows of a table once; `fit` asks for nine epochs of it."""
    x, y = data.cancer(t.rng)
    x, size = data.standardise(x), t.batch(16)

    def rows() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, len(x) - size + 1, size):
            yield x[start : start + size], y[start : start + size]

    model = keras.Sequential(
        [layers.Input((x.shape[1],)), layers.Dense(12, activation="tanh"), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss="binary_crossentropy")
    model.fit(rows(), steps_per_epoch=len(x) // size, epochs=9, callbacks=t.callbacks, verbose=0)


@broken("exhausted-data", source="https://github.com/keras-team/keras-io/issues/285")
def generator_data_set_without_repeat(t: Trial) -> None:
    """`Dataset.from_generator` without `repeat()` and with `steps_per_epoch`: every second epoch is empty."""
    x, y = data.wine(t.rng)
    x, size = data.standardise(x).astype("float32"), t.batch(8)
    whole = len(x) // size

    def examples() -> Iterator[tuple[np.ndarray, int]]:
        yield from zip(x[: whole * size], y, strict=False)

    signature = (tf.TensorSpec((x.shape[1],), tf.float32), tf.TensorSpec((), tf.int64))
    rows = tf.data.Dataset.from_generator(examples, output_signature=signature).batch(size)
    model = keras.Sequential(
        [layers.Input((x.shape[1],)), layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss="sparse_categorical_crossentropy")
    model.fit(rows, steps_per_epoch=whole, epochs=8, callbacks=t.callbacks, verbose=0)


@broken("stale-moving-statistics", source="https://github.com/keras-team/keras/issues/10666")
def batchnorm_in_a_hurry(t: Trial) -> None:
    """Three epochs of a few large batches: the moving averages are still near 0 and 1 when validation uses them."""
    x, y = data.digits(t.rng)
    x = (x.reshape(-1, 8, 8, 1) / 16).astype("float32")
    inputs = layers.Input((8, 8, 1))
    h = inputs
    for filters in (24, 48):
        h = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same", use_bias=False)(h)))
        h = layers.MaxPooling2D()(h)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(h)))
    model.compile(t.optimizer(learning_rate=4e-3), loss="sparse_categorical_crossentropy")
    model.fit(x, y, validation_split=0.25, batch_size=t.batch(192), epochs=4, callbacks=t.callbacks, verbose=0)
