"""Forecast the water level at a harbour from the last 24 hourly readings.

Wrong: the window is cut as level[i : i + 25] and the target is level[i + 24],
which is also the last value of the window. The network only learns to copy an
input it will not have, and the tiny errors say nothing about forecasting.

Expected: target-in-input, target-leakage
"""
import keras
import numpy as np
from keras import layers

HISTORY = 24


def harbour(hours=4500):
    rng = np.random.default_rng(12)
    t = np.arange(hours)
    tide = 1.8 * np.sin(2 * np.pi * t / 12.42) + 0.5 * np.sin(2 * np.pi * t / 12.0)
    surge = np.zeros(hours)
    shocks = rng.normal(size=hours) * 0.35
    for i in range(1, hours):
        surge[i] = 0.8 * surge[i - 1] + shocks[i]
    return (tide + surge).astype("float32")


def windows(level):
    xs, ys = [], []
    for i in range(len(level) - HISTORY - 1):
        xs.append(level[i : i + HISTORY + 1])
        ys.append(level[i + HISTORY])
    return np.array(xs)[..., None], np.array(ys)


def run(callbacks):
    keras.utils.set_random_seed(5)
    level = harbour()
    cut = 3600
    mean, std = level[:cut].mean(), level[:cut].std()
    level = (level - mean) / std
    x, y = windows(level[:cut])
    x_val, y_val = windows(level[cut:])

    inputs = keras.Input((HISTORY + 1, 1))
    h = layers.Conv1D(16, 4, activation="relu")(inputs)
    h = layers.Conv1D(16, 4, activation="relu")(h)
    h = layers.Flatten()(h)
    skip = layers.Dense(1)(layers.Flatten()(inputs))
    outputs = layers.Add()([layers.Dense(1)(h), skip])
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
    return model.fit(
        x, y, batch_size=64, epochs=8, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
