"""Forecasts tomorrow's bread sales of a bakery from the last four weeks with a small convolutional net.

Wrong: the target index is off by one: the window ends with day i+27 and the target is day i+27 as well, so the
answer is the last input step. The errors look wonderful and the forecast is worth nothing.
Expected: target-in-input, target-leakage
"""
import keras
import numpy as np
from keras import layers

WINDOW = 28


def daily_sales(days=1600):
    rng = np.random.default_rng(11)
    t = np.arange(days)
    week = np.array([0.8, 0.85, 0.9, 0.95, 1.2, 1.6, 0.4])[t % 7]
    season = 1 + 0.15 * np.sin(2 * np.pi * t / 365.25)
    level = 240 + np.cumsum(rng.normal(0, 2.0, days))
    return level * week * season + rng.normal(0, 25, days)


def make_windows(series):
    x, y = [], []
    for i in range(len(series) - WINDOW):
        x.append(series[i:i + WINDOW])
        y.append(series[i + WINDOW - 1])
    return np.array(x, "float32")[..., None], np.array(y, "float32")


def run(callbacks):
    keras.utils.set_random_seed(0)
    sales = daily_sales()
    cut = int(len(sales) * 0.8)
    mean, std = sales[:cut].mean(), sales[:cut].std()
    sales = (sales - mean) / std
    x_train, y_train = make_windows(sales[:cut])
    x_val, y_val = make_windows(sales[cut:])

    inp = keras.Input((WINDOW, 1))
    h = layers.Conv1D(24, 7, padding="causal", activation="relu")(inp)
    h = layers.Conv1D(24, 3, padding="causal", activation="relu")(h)
    h = layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(1)(h))
    model.compile(keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
    hist = model.fit(x_train, y_train, epochs=25, batch_size=32, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
    print("typical error in loaves:", round(hist.history["val_mae"][-1] * std, 1))
    return hist
