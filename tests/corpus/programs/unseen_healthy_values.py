"""Healthy programs about values: what looks like the faults of `unseen_broken_values`, and is fine."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, healthy


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
    return x, (np.exp(0.5 * y) + 0.2)[:, None].astype("float32")


@healthy(welcome=("unfinished-training",))
def margin_of_signs(t: Trial) -> None:
    """Squared hinge, labels of -1 and 1, and tanh."""
    x, y = data.cancer(t.rng)
    model = _tower(30, 1, "tanh")
    model.compile(t.optimizer(), "squared_hinge")
    model.fit(data.standardise(x), 2 * y - 1, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def one_against_the_rest(t: Trial) -> None:
    """Hinge over one-hot rows and outputs without activation: Keras turns 0 into -1."""
    x, y = data.blobs(t.rng)
    model = _tower(10, 3)
    model.compile(t.optimizer(), "hinge")
    model.fit(x, data.one_hot(y, 3), epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def distilled_probabilities(t: Trial) -> None:
    """Soft labels of a teacher, softmax, and KL divergence."""
    x = t.rng.normal(size=(1500, 20)).astype("float32")
    scores = np.exp(2 * x[:, :10])
    model = _tower(20, 10, "softmax")
    model.compile(t.optimizer(learning_rate=0.003), "kl_divergence")
    shares = scores / scores.sum(axis=1, keepdims=True)
    model.fit(x, shares, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def percentages_of_prices(t: Trial) -> None:
    """Positive prices and mean absolute percentage error."""
    x, y = _positive(t)
    model = _tower(8, 1, "softplus")
    model.compile(t.optimizer(), "mape", metrics=["mae"])
    model.fit(x, y, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def logarithmic_error_of_amounts(t: Trial) -> None:
    """Amounts with many zeros and mean squared logarithmic error."""
    x, y = _positive(t)
    model = _tower(8, 1, "relu")
    model.compile(t.optimizer(), "msle")
    amounts = np.maximum(y - 0.8, 0) * 3
    model.fit(x, amounts, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def directions_in_space(t: Trial) -> None:
    """Cosine similarity of vectors: the loss is negative on purpose."""
    x = t.rng.normal(size=(1500, 9)).astype("float32")
    y = np.stack([x[:, 0] - x[:, 1], x[:, 2], x[:, 3] * x[:, 4]], axis=1)
    model = _tower(9, 3)
    model.compile(t.optimizer(learning_rate=0.003), keras.losses.CosineSimilarity())
    model.fit(x, y, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def adadelta_at_one(t: Trial) -> None:
    """Adadelta at the rate of its paper."""
    x, y = data.blobs(t.rng)
    model = _tower(10, 3, "softmax")
    model.compile(keras.optimizers.Adadelta(1.0), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(steady=True, welcome=("unfinished-training",))
def gently_tuned_again(t: Trial) -> None:
    """A trained model, tuned again with a rate of a hundredth: the loss stays where it is."""
    x, y = data.blobs(t.rng)
    model = _tower(10, 3, "softmax")
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=30, batch_size=32, verbose=0)
    model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training", "constant-feature"))
def flags_counts_and_tails(t: Trial) -> None:
    """Standardised: a rare flag, counts that are nearly always 0, a log-normal amount, a one-hot group."""
    n = 2000
    x, y = data.regression(t.rng, n, 4)
    flag = t.rng.random(n) < 0.03
    counts = t.rng.poisson(0.08, n)
    amount = np.exp(1.5 * t.rng.normal(size=n))
    group = data.one_hot(t.rng.choice(4, n, p=[0.7, 0.2, 0.07, 0.03]), 4)
    table = np.concatenate([x, np.stack([flag, counts, amount], axis=1), group], axis=1)
    model = _tower(11, 1)
    model.compile(t.optimizer(), "mse")
    target = y + 0.5 * flag
    model.fit(data.standardise(table), target, epochs=12, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def gaps_at_the_median(t: Trial) -> None:
    """The same weather stations with the gaps filled by the median, and a column that says where."""
    x, y = data.regression(t.rng, 2000)
    missing = t.rng.random(len(x)) < 0.06
    x[missing, 2] = np.median(x[~missing, 2])
    table = np.concatenate([x, missing[:, None]], axis=1).astype("float32")
    model = _tower(9, 1)
    model.compile(t.optimizer(), "mse")
    model.fit(table, y, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def series_masked_at_minus_999(t: Trial) -> None:
    """Series of different lengths, padded with -999, which a Masking layer leaves out."""
    x = t.rng.normal(size=(800, 20, 2)).astype("float32")
    y = x[:, 0, :1] + x[:, 1, :1]
    x[np.arange(20) >= t.rng.integers(4, 21, (800, 1))] = -999
    model = keras.Sequential([layers.Input((20, 2)), layers.Masking(-999.0), layers.GRU(16), layers.Dense(1)])
    model.compile(t.optimizer("adam", 0.003), "mse")
    model.fit(x, y, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


def _chords(t: Trial) -> tuple[np.ndarray, np.ndarray]:
    notes = (np.arange(60) < t.rng.integers(5, 16, (900, 1))) * t.rng.integers(1, 40, (900, 60))
    return notes, np.where(notes > 0, notes % 6 + 1, 0)


def _tagger(words: int, tags: int, *, masked: bool) -> keras.Sequential:
    return keras.Sequential(
        [
            layers.Input((None,)),
            layers.Embedding(words, 12, mask_zero=masked),
            layers.LSTM(16, return_sequences=True),
            layers.Dense(tags, activation="softmax"),
        ]
    )


@healthy(welcome=("unfinished-training", "class-imbalance"))
def chords_with_mask(t: Trial) -> None:
    """The same melodies with mask_zero."""
    notes, chords = _chords(t)
    model = _tagger(40, 7, masked=True)
    model.compile(t.optimizer(learning_rate=0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(notes, chords, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training", "class-imbalance"))
def chords_with_ignored_class(t: Trial) -> None:
    """The same melodies, and a loss that ignores class 0."""
    notes, chords = _chords(t)
    model = _tagger(40, 7, masked=False)
    model.compile(t.optimizer(learning_rate=0.01), keras.losses.SparseCategoricalCrossentropy(ignore_class=0))
    model.fit(notes, chords, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training", "class-imbalance"))
def names_in_full_sentences(t: Trial) -> None:
    """Nine of ten words are not a name (class 0), and nothing is padded."""
    words = t.rng.integers(1, 60, (900, 20))
    model = _tagger(60, 4, masked=False)
    model.compile(t.optimizer(learning_rate=0.01), "sparse_categorical_crossentropy")
    names = np.where(words > 53, words % 3 + 1, 0)
    model.fit(words, names, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def forecast_for_each_step(t: Trial) -> None:
    """One target a step: predictions of (B, 24, 1), targets of (B, 24)."""
    x = t.rng.normal(size=(800, 24, 2)).astype("float32")
    y = x[..., 0].cumsum(axis=1) / 5
    model = keras.Sequential([layers.Input((24, 2)), layers.GRU(16, return_sequences=True), layers.Dense(1)])
    model.compile(t.optimizer(learning_rate=0.005), "mse")
    model.fit(x, y, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def mixture_of_experts(t: Trial) -> None:
    """A softmax gate in the middle, which multiplies the experts."""
    x, y = data.regression(t.rng)
    inputs = keras.Input((8,))
    gate = layers.Dense(4, activation="softmax")(inputs)
    experts = layers.Dense(4)(layers.Dense(32, activation="relu")(inputs))
    model = keras.Model(inputs, layers.Dense(1)(layers.Multiply()([gate, experts])))
    model.compile(t.optimizer(learning_rate=0.003), "mse", metrics=["mae"])
    model.fit(x, y, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def frozen_word_vectors(t: Trial) -> None:
    """A frozen embedding that holds vectors made elsewhere."""
    words = t.rng.integers(1, 200, (1000, 20))
    vectors = t.rng.normal(size=(200, 16)) * 0.4
    y = (vectors[words, 0].mean(axis=1) > 0).astype("float32")
    model = keras.Sequential(
        [
            layers.Input((20,)),
            layers.Embedding(200, 16, weights=[vectors], trainable=False),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer(learning_rate=0.01), "binary_crossentropy")
    model.fit(words, y, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("unfinished-training",))
def several_tags_with_sigmoids(t: Trial) -> None:
    """Up to five tags an example, five sigmoids, binary cross-entropy, binary accuracy."""
    x = t.rng.normal(size=(1600, 12)).astype("float32")
    y = (x[:, :5] + 0.3 * x[:, 5:10] > 0.2).astype("float32")
    model = _tower(12, 5, "sigmoid")
    model.compile(t.optimizer(), "binary_crossentropy", metrics=["binary_accuracy"])
    model.fit(x, y, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)
