"""Healthy programs that look like those of `unseen_broken_recorded`."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, healthy


@healthy()
def csv_reader_that_starts_over(t: Trial) -> None:
    """A generator begins again when the table ends; an epoch is a third of it."""
    x, y = data.cancer(t.rng)
    x, size = data.standardise(x), t.batch(16)

    def rows() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        while True:
            for start in range(0, len(x) - size + 1, size):
                yield x[start : start + size], y[start : start + size]

    model = keras.Sequential(
        [layers.Input((x.shape[1],)), layers.Dense(12, activation="tanh"), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss="binary_crossentropy")
    model.fit(rows(), steps_per_epoch=max(1, len(x) // size // 3), epochs=9, callbacks=t.callbacks, verbose=0)


class Growing(keras.utils.PyDataset):
    """Doubles its batches after each epoch, so that epochs get shorter."""

    def __init__(self, x: np.ndarray, y: np.ndarray, size: int) -> None:
        super().__init__()
        self.x, self.y, self.size = x, y, size

    def __len__(self) -> int:
        return len(self.x) // self.size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(index * self.size, (index + 1) * self.size)
        return self.x[rows], self.y[rows]

    def on_epoch_end(self) -> None:
        self.size = min(2 * self.size, len(self.x) // 8)


@healthy()
def batches_that_grow(t: Trial) -> None:
    """The batch size doubles after each epoch, as in "Don't decay the learning rate, increase the batch size"."""
    x, y = data.digits(t.rng)
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(48, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss="sparse_categorical_crossentropy")
    model.fit(Growing(x / 16, y, t.batch(16)), epochs=6, callbacks=t.callbacks, verbose=0)


@healthy()
def batchnorm_with_quick_averages(t: Trial) -> None:
    """As few large batches, but a momentum of 0.5: the averages follow."""
    x, y = data.digits(t.rng)
    x = (x.reshape(-1, 8, 8, 1) / 16).astype("float32")
    inputs = layers.Input((8, 8, 1))
    h = inputs
    for filters in (24, 48):
        h = layers.Conv2D(filters, 3, padding="same", use_bias=False)(h)
        h = layers.MaxPooling2D()(layers.ReLU()(layers.BatchNormalization(momentum=0.5)(h)))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Flatten()(h)))
    model.compile(t.optimizer(learning_rate=4e-3), loss="sparse_categorical_crossentropy")
    model.fit(x, y, validation_split=0.25, batch_size=t.batch(192), epochs=4, callbacks=t.callbacks, verbose=0)


@healthy()
def batchnorm_that_settles(t: Trial) -> None:
    """A momentum of 0.99 and many short epochs: validation is poor at first, and recovers."""
    x, y = data.digits(t.rng)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(32, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(learning_rate=2e-3), loss="sparse_categorical_crossentropy")
    model.fit(x / 16, y, validation_split=0.25, batch_size=t.batch(64), epochs=24, callbacks=t.callbacks, verbose=0)
