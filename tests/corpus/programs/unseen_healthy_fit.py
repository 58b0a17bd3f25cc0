"""Healthy programs that look like those of `unseen_broken_fit`."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, healthy
from tests.corpus.programs.unseen_broken_fit import digits_against, two_outputs


@healthy()
def table_beside_its_label(t: Trial) -> None:
    """The same table without the label, which one column follows closely."""
    x, y = data.cancer(t.rng)
    close = y + t.rng.normal(0, 0.3, len(y))
    table = data.standardise(np.c_[x[:, :10], close, x[:, 10:20]])
    model = keras.Sequential(
        [layers.Input((table.shape[1],)), layers.Dense(12, activation="relu"), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss="binary_crossentropy")
    model.fit(table, y, batch_size=t.batch(16), epochs=5, callbacks=t.callbacks, verbose=0)


@healthy()
def window_before_its_target(t: Trial) -> None:
    """A smooth series whose next value is nearly the last one of the window."""
    series = np.sin(np.arange(1300) / 60) + 0.3 * np.sin(np.arange(1300) / 17)
    series = (series / series.std()).astype("float32")
    x = np.stack([series[i : i + 20] for i in range(1100)])[..., None]
    model = keras.Sequential([layers.Input((20, 1)), layers.LSTM(12), layers.Dense(1)])
    model.compile(t.optimizer(learning_rate=2e-3), loss="mse")
    model.fit(x, series[20 : 20 + 1100], batch_size=t.batch(32), epochs=5, callbacks=t.callbacks, verbose=0)


@healthy()
def numbers_in_a_row(t: Trial) -> None:
    """The toy series 10, 20, 30: each column of a window differs from the target by a constant."""
    x = np.stack([np.arange(i, i + 4) for i in range(400)]).astype("float32")[..., None] / 400
    y = np.arange(4, 404).astype("float32") / 400
    model = keras.Sequential([layers.Input((4, 1)), layers.LSTM(16), layers.Dense(1)])
    model.compile(t.optimizer(learning_rate=3e-3), loss="mse")
    model.fit(x, y, batch_size=t.batch(16), epochs=8, callbacks=t.callbacks, verbose=0)


@healthy()
def characters_one_by_one(t: Trial) -> None:
    """A language model that reads in one direction: each target is the next character of the input."""
    text = "the quick brown fox jumps over the lazy dog and runs away from it "
    text = "".join(t.rng.choice(text.split(), 4000).tolist())
    letters = sorted(set(text))
    ids = np.asarray([letters.index(c) + 1 for c in text[:9000]])
    rows = np.stack([ids[i : i + 25] for i in range(0, 8900, 12)])
    model = keras.Sequential(
        [
            layers.Input((24,)),
            layers.Embedding(len(letters) + 1, 12),
            layers.GRU(32, return_sequences=True),
            layers.Dense(len(letters) + 1, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(learning_rate=5e-3), loss="sparse_categorical_crossentropy")
    model.fit(rows[:, :-1], rows[:, 1:], batch_size=t.batch(16), epochs=4, callbacks=t.callbacks, verbose=0)


@healthy(welcome=("class-imbalance",))
def class_weights_by_id(t: Trial) -> None:
    """Class weights whose keys are the class ids; one of the three classes has none."""
    n = 3000
    y = t.rng.choice(3, n, p=[0.6, 0.34, 0.06])
    x = t.rng.normal(0, 1, (n, 10)).astype("float32")
    x[np.arange(n), y] += 2.0
    model = keras.Sequential(
        [layers.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(3, activation="softmax")]
    )
    model.compile(t.optimizer(learning_rate=2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=t.batch(64), epochs=4, class_weight={1: 1.5, 2: 5.0}, callbacks=t.callbacks, verbose=0)


@healthy()
def two_outputs_of_one_size(t: Trial) -> None:
    """A class and a standardised number, which share their first layers."""
    model, x, y = two_outputs(t, standardised=True)
    model.compile(t.optimizer(learning_rate=3e-3), loss={"kind": "sparse_categorical_crossentropy", "proline": "mse"})
    model.fit(x, y, batch_size=t.batch(16), epochs=8, callbacks=t.callbacks, verbose=0)


@healthy(steady=True)
def digits_of_minus_1_to_1_against_tanh(t: Trial) -> None:
    """Real digits in -1..1, as the generator's tanh makes them."""
    digits_against(t, "tanh", low=-1.0)
