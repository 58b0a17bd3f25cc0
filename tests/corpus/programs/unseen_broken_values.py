"""Broken programs about values: losses, sentinels, padding and rates that do not suit them."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken


def _tower(columns: int, units: int, last: str | None = None) -> keras.Sequential:
    return keras.Sequential(
        [
            layers.Input((columns,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(units, activation=last),
        ]
    )


def _positive(t: Trial) -> tuple[np.ndarray, np.ndarray]:
    x, y = data.regression(t.rng)
    return x, np.exp(0.5 * y)[:, None].astype("float32")


@broken("output-activation-mismatch")
def two_moons_with_a_categorical_loss(t: Trial) -> None:
    """One tanh unit and categorical_crossentropy for 0 and 1: the loss is 0 from the first step."""
    x, y = data.moons(t.rng)
    model = _tower(2, 1, "tanh")
    model.compile(t.optimizer(), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y.astype("float32"), epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("output-activation-mismatch")
def tags_of_a_photo_through_softmax(t: Trial) -> None:
    """Up to five tags apply to an example; softmax and mean squared error pick one."""
    x = t.rng.normal(size=(1600, 12)).astype("float32")
    y = (x[:, :5] + 0.3 * x[:, 5:10] > 0.2).astype("float32")
    model = _tower(12, 5, "softmax")
    model.compile(t.optimizer(), "mean_squared_error")
    model.fit(x, y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("target-shape-broadcast")
def mean_of_a_series_step_by_step(t: Trial) -> None:
    """A bidirectional GRU that returns sequences, one Huber target a series: (B, 30, 1) against (B, 1)."""
    x = t.rng.normal(size=(800, 30, 2)).cumsum(axis=1).astype("float32") / 5
    y = x[..., 0].mean(axis=1, keepdims=True)
    model = keras.Sequential(
        [
            layers.Input((30, 2)),
            layers.Bidirectional(layers.GRU(8, return_sequences=True)),
            layers.Dense(8, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(t.optimizer(), keras.losses.Huber())
    model.fit(x, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("target-shape-broadcast", raises=True)
def nobody_flattened_the_maps(t: Trial) -> None:
    """Convolutions, no Flatten, a dense softmax: ten classes for each of 7 x 7 places."""
    x, y = data.mnist(t.rng, 600)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 3, 2, "same", activation="relu"),
            layers.Conv2D(16, 3, 2, "same", activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(), "categorical_crossentropy")
    rows = data.one_hot(y, 10)
    model.fit(x[..., None] / 255.0, rows, epochs=1, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unsuitable-loss")
def margin_that_a_sigmoid_never_reaches(t: Trial) -> None:
    """Squared hinge and a sigmoid: no output is ever negative."""
    x, y = data.cancer(t.rng)
    model = _tower(30, 1, "sigmoid")
    model.compile(t.optimizer(), "squared_hinge")
    model.fit(data.standardise(x), y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unsuitable-loss")
def divergence_of_ten_sigmoids(t: Trial) -> None:
    """Topic shares that add up to 1, ten sigmoids and KLDivergence: the loss falls below zero."""
    x = t.rng.normal(size=(1500, 20)).astype("float32")
    scores = np.exp(x[:, :10])
    model = _tower(20, 10, "sigmoid")
    model.compile(t.optimizer(), keras.losses.KLDivergence())
    shares = scores / scores.sum(axis=1, keepdims=True)
    model.fit(x, shares, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unsuitable-loss")
def visitors_without_exponential(t: Trial) -> None:
    """Poisson counts of visitors, and a last layer without activation: the logarithm of a negative rate."""
    x = t.rng.normal(size=(1500, 6)).astype("float32")
    visitors = t.rng.poisson(np.exp(0.6 * x[:, 0] + 0.3))
    model = _tower(6, 1)
    model.compile(t.optimizer(), "poisson")
    model.fit(x, visitors, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unsuitable-loss")
def rain_in_percent(t: Trial) -> None:
    """Rain in millimetres, 0 on half of the days, as mean absolute percentage error."""
    x, y = _positive(t)
    rain = np.where(x[:, :1] > 0, y, 0)
    model = _tower(8, 1, "softplus")
    model.compile(t.optimizer(), "mape")
    model.fit(x, rain, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unsuitable-loss")
def logarithmic_error_of_returns(t: Trial) -> None:
    """Daily returns, negative on half of the days, as mean squared logarithmic error."""
    x, y = data.regression(t.rng)
    model = _tower(8, 1)
    model.compile(t.optimizer(), "mean_squared_logarithmic_error")
    model.fit(x, y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("learning-rate-too-low")
def adadelta_for_wines(t: Trial) -> None:
    """Adadelta at the rate that Keras sets: 0.001 of what the method is made for."""
    x, y = data.blobs(t.rng)
    model = _tower(10, 3, "softmax")
    model.compile(keras.optimizers.Adadelta(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("sentinel-value")
def stations_that_were_offline(t: Trial) -> None:
    """Weather stations write -9999 when a sensor is off; the columns are standardised with it."""
    x, y = data.regression(t.rng, 2000)
    x = 15 + 8 * x
    x[t.rng.random(len(x)) < 0.06, 2] = -9999
    x[t.rng.random(len(x)) < 0.04, 5] = -9999
    model = _tower(8, 1)
    model.compile(t.optimizer(), "mse")
    model.fit(data.standardise(x), y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("sentinel-value")
def filled_with_minus_999(t: Trial) -> None:
    """A table of z-scores whose gaps pandas filled with -999."""
    x, y = data.blobs(t.rng, 2000)
    x[t.rng.random(len(x)) < 0.08, 4] = -999
    model = _tower(10, 3, "softmax")
    model.compile(t.optimizer(), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=6, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


@broken("unmasked-padding")
def chords_padded_to_sixty(t: Trial) -> None:
    """Melodies of 5 to 15 notes padded to 60, a chord for each note, an LSTM, no mask."""
    notes = (np.arange(60) < t.rng.integers(5, 16, (900, 1))) * t.rng.integers(1, 40, (900, 60))
    chords = np.where(notes > 0, notes % 6 + 1, 0)
    model = keras.Sequential(
        [
            layers.Input((60,)),
            layers.Embedding(40, 12),
            layers.LSTM(16, return_sequences=True),
            layers.Dense(7, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(notes, chords, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("frozen-model")
def vectors_never_loaded(t: Trial) -> None:
    """A frozen embedding of zeros: the file of word vectors was not found."""
    words = t.rng.integers(1, 200, (1000, 20))
    y = ((words % 7 == 0).sum(axis=1) > 2).astype("float32")
    model = keras.Sequential(
        [
            layers.Input((20,)),
            layers.Embedding(200, 16, embeddings_initializer="zeros", trainable=False),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer(), "binary_crossentropy")
    model.fit(words, y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("hidden-softmax")
def softmax_all_the_way(t: Trial) -> None:
    """Softmax in the hidden layers too."""
    x, y = data.digits(t.rng)
    model = keras.Sequential([layers.Input((64,)), *[layers.Dense(n, activation="softmax") for n in (64, 32, 10)]])
    model.compile(t.optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x / 16, y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unsuitable-metric")
def accuracy_of_a_forecast(t: Trial) -> None:
    """A regression of measured numbers, followed by its accuracy."""
    x, y = data.regression(t.rng)
    model = _tower(8, 1)
    model.compile(t.optimizer(), "mse", metrics=["accuracy"])
    model.fit(x, y, epochs=30, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)
