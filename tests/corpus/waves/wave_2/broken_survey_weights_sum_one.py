"""Rents from a household survey, weighted by the survey's design weights.

Wrong: the design weights are normalised to a sum of 1 over all 2400 households, so each is about 0.0004. Keras divides
by the batch size again, so with plain SGD every step is some 2400 times too short and nothing is learned.
In the author's words: sample weights far below one.
Expected: learning-rate-too-low, bad-sample-weight
"""
import keras
import numpy as np
import pandas as pd
from keras import layers


def survey(n=2400):
    rng = np.random.default_rng(99)
    df = pd.DataFrame({
        "rooms": rng.integers(1, 7, n),
        "size": rng.normal(70, 25, n).clip(18, 200),
        "year": rng.integers(1900, 2020, n),
        "distance": rng.gamma(2, 3, n),
    })
    df["rent"] = 200 + 8 * df["size"] + 30 * df["rooms"] - 25 * df["distance"] + 2 * (df["year"] - 1900) + rng.normal(0, 60, n)
    df["weight"] = rng.lognormal(3, 0.5, n)
    return df


def run(callbacks):
    keras.utils.set_random_seed(99)
    df = survey()
    columns = ["rooms", "size", "year", "distance"]
    x = ((df[columns] - df[columns].mean()) / df[columns].std()).values
    y = ((df["rent"] - df["rent"].mean()) / df["rent"].std()).values
    w = (df["weight"] / df["weight"].sum()).values

    n = 1900
    model = keras.Sequential([layers.Input((4,)), layers.Dense(16, activation="tanh"), layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mean_squared_error", metrics=["mae"])
    model.fit(x[:n], y[:n], sample_weight=w[:n], batch_size=32, epochs=5,
              validation_data=(x[n:], y[n:], w[n:]), callbacks=callbacks, verbose=0)
