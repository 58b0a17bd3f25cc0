"""Estimate the age of crabs (in growth rings) from a survey table written by several field teams.

Wrong: some rows lack the shell weight. StandardScaler lets NaN pass, so the first batches with such rows make the loss and all weights
NaN; the missing values had to be filled or the rows dropped.
Expected: non-finite-input
"""
import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def survey(n=2500, seed=33):
    rng = np.random.default_rng(seed)
    rings = rng.gamma(9, 1.1, n) + 1
    size = 1 - np.exp(-rings / 8) + rng.normal(0, 0.04, n)
    sex = rng.choice(["F", "M", "I"], n, p=[0.35, 0.4, 0.25])
    frame = pd.DataFrame({
        "length": 0.8 * size + rng.normal(0, 0.02, n),
        "width": 0.6 * size + rng.normal(0, 0.02, n),
        "whole_weight": 2.2 * size**3 + rng.normal(0, 0.05, n),
        "shell_weight": 0.6 * size**3 + 0.01 * rings + rng.normal(0, 0.02, n),
        "sex": sex,
        "rings": rings.round(),
    })
    frame.loc[rng.random(n) < 0.02, "shell_weight"] = np.nan
    return frame


def run(callbacks):
    keras.utils.set_random_seed(1)
    frame = pd.get_dummies(survey(), columns=["sex"], dtype="float32")
    y = frame.pop("rings").to_numpy("float32") / 10.0
    x_train, x_val, y_train, y_val = train_test_split(frame.to_numpy("float32"), y, test_size=0.2, random_state=7)
    scaler = StandardScaler()
    x_train = scaler.fit_transform(x_train)
    x_val = scaler.transform(x_val)

    shell = keras.Input((x_train.shape[1],), name="crab")
    h = layers.Dense(64, activation="gelu", name="d1")(shell)
    h = layers.Dropout(0.1, name="drop")(h)
    h = layers.Dense(32, activation="gelu", name="d2")(h)
    age = layers.Dense(1, name="rings")(h)
    model = keras.Model(shell, age)
    model.compile(optimizer="rmsprop", loss="huber", metrics=["mae"])
    model.fit(x_train, y_train, batch_size=32, epochs=8, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
