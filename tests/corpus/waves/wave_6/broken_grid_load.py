"""Next-hour electricity load from the last 48 hours with a GRU.
Wrong: off by one in the windowing: the target is the last value INSIDE the window (start + WINDOW - 1) and not the hour after
it. The network only has to copy its newest input; the score is wonderful and of no use as a forecast.
Expected: target-in-input
"""
import keras
import numpy as np
import pandas as pd
from keras import layers

WINDOW = 48


def load_series(hours=2600):
    rng = np.random.default_rng(17)
    idx = pd.date_range("2021-01-04", periods=hours, freq="h")
    h, d = idx.hour.to_numpy(), idx.dayofweek.to_numpy()
    base = 620 + 140 * np.sin((h - 7) / 24 * 2 * np.pi) + 60 * np.sin((h - 3) / 12 * 2 * np.pi) - 90 * (d >= 5)
    shock = np.zeros(hours)
    for t in range(1, hours):
        shock[t] = 0.7 * shock[t - 1] + rng.normal(0, 25)
    return pd.DataFrame({"load": base + shock, "weekend": (d >= 5).astype(float)}, index=idx)


def windows(frame, start, stop):
    values = frame.to_numpy("float32")
    xs, ys = [], []
    for i in range(start, stop - WINDOW):
        xs.append(values[i:i + WINDOW])
        ys.append(values[i + WINDOW - 1, 0])
    return np.array(xs), np.array(ys)


def run(callbacks):
    keras.utils.set_random_seed(2)
    df = load_series()
    cut = int(len(df) * 0.8)
    mean, std = df["load"][:cut].mean(), df["load"][:cut].std()
    df["load"] = (df["load"] - mean) / std
    x_train, y_train = windows(df, 0, cut)
    x_val, y_val = windows(df, cut, len(df))
    inputs = keras.Input((WINDOW, 2))
    x = layers.GRU(16)(inputs)
    x = layers.Dense(16, activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(1)(x))
    model.compile(keras.optimizers.Adam(3e-3), loss="mse", metrics=["mae"])
    model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=5, batch_size=64, verbose=2,
              callbacks=callbacks)
    print("validation MAE in MW:", model.evaluate(x_val, y_val, verbose=0)[1] * std)
    return model
