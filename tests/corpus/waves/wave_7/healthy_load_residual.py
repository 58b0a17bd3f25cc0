"""Hour-ahead electricity load: the network predicts the change from the same hour yesterday, split by date.

Batches are drawn at random from the training weeks only; the last weeks are the validation part.
"""
import numpy as np
import pandas as pd
import keras
from keras import layers

WINDOW = 48


def load(hours=24 * 150):
    rng = np.random.default_rng(12)
    t = pd.date_range("2022-03-01", periods=hours, freq="h")
    base = 900 + 180 * np.sin(2 * np.pi * (t.hour - 7) / 24) - 120 * (t.dayofweek >= 5)
    weather = np.zeros(hours)
    for i in range(1, hours):
        weather[i] = 0.97 * weather[i - 1] + rng.normal(0, 12)
    return pd.Series(base + weather + rng.normal(0, 6, hours), index=t)


def samples(series, first, last):
    values = series.to_numpy()
    x, calendar, y = [], [], []
    for i in range(max(first, WINDOW), last):
        yesterday = values[i - 24]
        x.append((values[i - WINDOW:i] - yesterday) / 60.0)
        stamp = series.index[i]
        calendar.append([np.sin(2 * np.pi * stamp.hour / 24), np.cos(2 * np.pi * stamp.hour / 24),
                         float(stamp.dayofweek >= 5), float((stamp.dayofweek - 1) % 7 >= 5)])
        y.append((values[i] - yesterday) / 60.0)
    return (np.array(x, "float32")[..., None], np.array(calendar, "float32")), np.array(y, "float32")[:, None]


def run(callbacks):
    keras.utils.set_random_seed(12)
    series = load()
    cut = 24 * 120
    x_train, y_train = samples(series, 0, cut)
    x_valid, y_valid = samples(series, cut + WINDOW, len(series))
    past = keras.Input((WINDOW, 1))
    calendar = keras.Input((4,))
    h = layers.Conv1D(16, 6, strides=3, activation="relu")(past)
    h = layers.GRU(24)(h)
    h = layers.Concatenate()([h, layers.Flatten()(past[:, -3:]), calendar])
    h = layers.Dense(24, activation="relu")(h)
    model = keras.Model([past, calendar], layers.Dense(1)(h))
    model.compile(keras.optimizers.Adam(2e-3), loss=keras.losses.Huber(), metrics=["mae"])
    history = model.fit(x_train, y_train, validation_data=(x_valid, y_valid), epochs=8, batch_size=64,
                        callbacks=callbacks, verbose=0)
    print("naive mae", np.abs(y_valid).mean(), "model", history.history["val_mae"][-1])
    return history


if __name__ == "__main__":
    run([])
