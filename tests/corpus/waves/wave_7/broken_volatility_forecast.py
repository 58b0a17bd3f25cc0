"""Forecast tomorrow's log volatility of an index from the 20 days before, with an LSTM.

Wrong: the window is cut one day too long. `series[i : i + WINDOW + 1]` holds the very day that is to be forecast as its last
step, so the network only copies its last input and the tiny validation error is worth nothing.

Expected: target-in-input, target-leakage
"""
import numpy as np
import keras
from keras import layers

WINDOW = 20


def log_volatility(days=2200):
    rng = np.random.default_rng(21)
    h = np.zeros(days)
    for t in range(1, days):
        h[t] = 0.9 * h[t - 1] + rng.normal(0, 0.35)
    return h


def windows(series):
    x, y = [], []
    for i in range(len(series) - WINDOW):
        x.append(series[i:i + WINDOW + 1])
        y.append(series[i + WINDOW])
    return np.array(x, dtype="float32")[..., None], np.array(y, dtype="float32")


def run(callbacks):
    keras.utils.set_random_seed(9)
    series = log_volatility()
    cut = int(0.8 * len(series))
    mean, std = series[:cut].mean(), series[:cut].std()
    series = (series - mean) / std
    x_train, y_train = windows(series[:cut])
    x_test, y_test = windows(series[cut:])

    inputs = keras.Input(shape=x_train.shape[1:])
    h = layers.LSTM(24)(inputs)
    h = layers.Dense(12, activation="tanh")(h)
    outputs = layers.Dense(1)(h)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(4e-3), loss="mse", metrics=["mae"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=14, batch_size=64,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_loss"])
