"""Forecast a river gauge six hours ahead: the net adds a change to the last value; years are split in time, scaled by the first years."""
import keras
import numpy as np
from keras import layers

PAST, AHEAD = 48, 6


def gauge(hours=6500, seed=51):
    rng = np.random.default_rng(seed)
    rain = rng.gamma(0.5, 2.0, hours) * (rng.random(hours) < 0.06)
    level = np.zeros(hours)
    soil = 0.0
    for t in range(1, hours):
        soil = 0.9 * soil + rain[t - 1]
        level[t] = 0.985 * level[t - 1] + 0.06 * soil
    return np.stack([level + rng.normal(0, 0.02, hours) + 1.5, rain], axis=1)


def windows(series, start, stop):
    ends = np.arange(start + PAST, stop - AHEAD)
    x = np.stack([series[e - PAST:e] for e in ends])
    y = series[ends + AHEAD - 1, 0]
    return x.astype("float32"), y.astype("float32")[:, None]


def run(callbacks):
    keras.utils.set_random_seed(51)
    series = gauge()
    cut = 5000
    mean, std = series[:cut].mean(axis=0), series[:cut].std(axis=0)
    series = (series - mean) / std
    x, y = windows(series, 0, cut)
    x_val, y_val = windows(series, cut, len(series))
    print("error of 'as it is now':", float(np.square(y_val[:, 0] - x_val[:, -1, 0]).mean()))

    past = keras.Input((PAST, 2), name="past")
    h = layers.Conv1D(16, 6, strides=3, activation="relu", name="conv_1")(past)
    h = layers.Conv1D(16, 4, strides=2, activation="relu", name="conv_2")(h)
    h = layers.Flatten(name="flat")(h)
    h = layers.Dense(32, activation="relu", name="mix")(h)
    change = layers.Dense(1, kernel_initializer="zeros", name="change")(h)
    last_level = past[:, -1, :1]
    forecast = layers.Add(name="in_six_hours")([last_level, change])
    model = keras.Model(past, forecast)
    model.compile(keras.optimizers.Adam(1e-3), "mse", metrics=["mae"])
    model.fit(x, y, batch_size=64, epochs=12, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
