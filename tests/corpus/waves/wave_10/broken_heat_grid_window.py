"""Forecast the load of a district heating grid one hour ahead from the last 24 hours.

Wrong: the targets start one step too early: the target of each window is its own last value, not the hour after it. The model only
copies an input, shows a wonderful validation error and forecasts nothing.
Expected: target-in-input
"""
import keras
import numpy as np
from keras import layers

WINDOW = 24


def grid_load(hours=3600, seed=12):
    rng = np.random.default_rng(seed)
    t = np.arange(hours)
    daily = 6 * np.sin(2 * np.pi * (t - 6) / 24) + 3 * np.sin(4 * np.pi * t / 24)
    weekly = 2.5 * ((t // 24) % 7 < 5)
    cold = np.zeros(hours)
    for i in range(1, hours):
        cold[i] = 0.97 * cold[i - 1] + rng.normal(0, 0.9)
    return (40 + daily + weekly + cold + rng.normal(0, 2.0, hours)).astype("float32")


def windows(values, shuffle):
    return keras.utils.timeseries_dataset_from_array(
        values[:-1, None], targets=values[WINDOW - 1:], sequence_length=WINDOW, batch_size=32, shuffle=shuffle, seed=4)


def run(callbacks):
    keras.utils.set_random_seed(4)
    load = grid_load()
    cut = 2900
    mean, std = load[:cut].mean(), load[:cut].std()
    load = (load - mean) / std
    train = windows(load[:cut], shuffle=True)
    val = windows(load[cut:], shuffle=False)

    past = keras.Input((WINDOW, 1), name="past_day")
    h = layers.Conv1D(16, 3, padding="causal", activation="relu", name="conv")(past)
    h = layers.Flatten(name="flat")(h)
    h = layers.Dense(32, activation="relu", name="mix")(h)
    latest = layers.Flatten(name="values")(past)
    h = layers.Concatenate(name="with_values")([h, latest])
    next_hour = layers.Dense(1, name="next_hour")(h)
    model = keras.Model(past, next_hour)
    model.compile(keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
    model.fit(train, validation_data=val, epochs=12, callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
