"""Soil class (types 1 to 7 in the survey's code book) from spectra of soil samples.

Wrong: the class codes run from 1 to 7 and go straight into sparse categorical crossentropy with a Dense(7) softmax, which knows the
classes 0 to 6; type 7 has no output unit.
Raises: InvalidArgumentError
Expected: label-out-of-range, program-error
"""
import numpy as np
import pandas as pd
import keras
from keras import layers


def survey(n=3500, bands=60, seed=5):
    rng = np.random.default_rng(seed)
    code = rng.integers(1, 8, n)
    axis = np.linspace(0, 1, bands)
    centres = np.array([0.1, 0.22, 0.36, 0.5, 0.62, 0.75, 0.9])
    dips = np.exp(-((axis[None] - centres[code - 1][:, None]) / 0.07) ** 2)
    spectrum = 0.6 + 0.3 * axis - 0.15 * dips + rng.normal(0, 0.05, (n, bands)) + rng.normal(0, 0.05, (n, 1))
    table = pd.DataFrame(spectrum, columns=[f"b{i:02d}" for i in range(bands)])
    table["soil_type"] = code
    return table


def run(callbacks):
    keras.utils.set_random_seed(5)
    table = survey()
    holdout = table.sample(frac=0.2, random_state=3)
    table = table.drop(holdout.index)
    bands = [c for c in table.columns if c.startswith("b")]
    mean, std = table[bands].mean(), table[bands].std()

    def xy(part):
        return (((part[bands] - mean) / std).to_numpy("float32")[..., None], part["soil_type"].to_numpy())

    x, y = xy(table)
    inp = keras.Input(shape=(len(bands), 1))
    h = layers.Conv1D(16, 7, activation="relu", padding="same")(inp)
    h = layers.MaxPooling1D(2)(h)
    h = layers.Conv1D(32, 5, activation="relu", padding="same")(h)
    h = layers.Flatten()(h)
    h = layers.Dropout(0.2)(h)
    out = layers.Dense(table["soil_type"].nunique(), activation="softmax")(h)
    model = keras.Model(inp, out)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x, y, batch_size=32, epochs=6, validation_data=xy(holdout), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
