"""Broken programs whose fault shows in targets against inputs, in several losses, or in the arguments of `fit`.

Each has a healthy twin in `unseen_healthy_fit`.
"""

from __future__ import annotations

import json

import keras
import numpy as np
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken


@broken("target-in-input", source="https://www.kaggle.com/docs/competitions#leakage")
def scaled_table_with_its_label(t: Trial) -> None:
    """The whole table is standardised, the label among its columns."""
    x, y = data.cancer(t.rng)
    table = data.standardise(np.c_[x[:, :10], y, x[:, 10:20]])
    model = keras.Sequential(
        [layers.Input((table.shape[1],)), layers.Dense(12, activation="relu"), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss="binary_crossentropy")
    model.fit(table, y, batch_size=t.batch(16), epochs=5, callbacks=t.callbacks, verbose=0)


@broken("target-in-input", source="https://github.com/keras-team/keras/issues/12996")
def window_that_ends_with_its_target(t: Trial) -> None:
    """A window of 20 steps and its target overlap by one step."""
    series = np.cumsum(t.rng.normal(0, 0.3, 1200)) * 0.1 + np.sin(np.arange(1200) / 9)
    series = ((series - series.mean()) / series.std()).astype("float32")
    x = np.stack([series[i : i + 20] for i in range(1100)])[..., None]
    y = series[19 : 19 + 1100]
    model = keras.Sequential([layers.Input((20, 1)), layers.Flatten(), layers.Dense(16, "relu"), layers.Dense(1)])
    model.compile(t.optimizer(learning_rate=2e-3), loss="mse")
    model.fit(x, y, batch_size=t.batch(32), epochs=5, callbacks=t.callbacks, verbose=0)


@broken("ineffective-weights", source="https://github.com/keras-team/keras/issues/23220")
def class_weights_from_a_file(t: Trial) -> None:
    """Class weights were stored as JSON, which turns the class ids into text."""
    n = 3000
    y = (t.rng.random(n) < 0.06).astype("int64")
    x = t.rng.normal(0, 1, (n, 10)).astype("float32")
    x[y == 1, :4] += 0.8
    weights = json.loads(json.dumps({0: 0.5 / (1 - y.mean()), 1: 0.5 / y.mean()}))
    model = keras.Sequential(
        [layers.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(t.optimizer(learning_rate=2e-3), "binary_crossentropy", metrics=[keras.metrics.Recall()])
    model.fit(x, y, batch_size=t.batch(64), epochs=4, class_weight=weights, callbacks=t.callbacks, verbose=0)


@broken("dominant-loss", "unscaled-target", source="https://github.com/keras-team/keras/issues/10306")
def age_in_days_beside_a_class(t: Trial) -> None:
    """One output tells the kind of wine, the other one a number of hundreds, with squared errors."""
    model, x, y = two_outputs(t, standardised=False)
    model.compile(t.optimizer(learning_rate=3e-3), loss={"kind": "sparse_categorical_crossentropy", "proline": "mse"})
    model.fit(x, y, batch_size=t.batch(16), epochs=8, callbacks=t.callbacks, verbose=0)


def two_outputs(t: Trial, standardised: bool) -> tuple[keras.Model, np.ndarray, dict[str, np.ndarray]]:
    """Returns a model that tells the kind of a wine and its proline (278 to 1,680, or standardised), and the data."""
    x, kind = data.wine(t.rng)
    proline = x[:, -1:].astype("float32")
    if standardised:
        proline = data.standardise(proline)
    inputs = layers.Input((x.shape[1] - 1,))
    shared = layers.Dense(12, activation="relu")(layers.Dense(16, activation="relu")(inputs))
    outputs = {
        "kind": layers.Dense(3, activation="softmax", name="kind")(shared),
        "proline": layers.Dense(1, name="proline")(shared),
    }
    return keras.Model(inputs, outputs), data.standardise(x[:, :-1]), {"kind": kind, "proline": proline}


@broken("generated-range-mismatch", source="https://github.com/soumith/dcgan.torch/issues/42")
def digits_of_0_to_1_against_tanh(t: Trial) -> None:
    """Real digits in 0..1, a generator that ends in tanh, and a loop of `train_on_batch`."""
    digits_against(t, "tanh", low=0.0)


def digits_against(t: Trial, activation: str, low: float) -> None:
    """Trains a GAN on digits from `low` to 1."""
    x, _ = data.digits(t.rng)
    x = (x / 16 * (1 - low) + low).astype("float32")
    generator = keras.Sequential(
        [layers.Input((8,)), layers.Dense(64), layers.LeakyReLU(), layers.Dense(64, activation=activation)]
    )
    discriminator = keras.Sequential(
        [layers.Input((64,)), layers.Dense(64), layers.LeakyReLU(), layers.Dense(1, activation="sigmoid")]
    )
    discriminator.compile(keras.optimizers.Adam(1e-3, 0.5), loss="binary_crossentropy")
    noise = layers.Input((8,))
    gan = keras.Model(noise, discriminator(generator(noise)))
    gan.compile(keras.optimizers.Adam(1e-3, 0.5), loss="binary_crossentropy")
    size = t.batch(32)
    with t.callbacks[0].watch(discriminator):
        for _ in range(60):
            real = x[t.rng.integers(0, len(x), size)]
            fake = generator.predict_on_batch(t.rng.normal(size=(size, 8)).astype("float32"))
            discriminator.train_on_batch(real, np.ones((size, 1), "float32"))
            discriminator.train_on_batch(fake, np.zeros((size, 1), "float32"))
            discriminator.trainable = False
            gan.train_on_batch(t.rng.normal(size=(size, 8)).astype("float32"), np.ones((size, 1), "float32"))
            discriminator.trainable = True
