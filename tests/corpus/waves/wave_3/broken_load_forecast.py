"""Forecasts the next hour of a district's electricity load from the 24 hours before.
Wrong: an off-by-one in the window loop takes the last hour of each window as the target, so the answer is already in the input; the validation error looks superb and the forecast is useless.
Expected: target-in-input, target-leakage
"""
import numpy as np
import pandas as pd
import keras
from keras import layers

WINDOW = 24


def fake_load(hours=4000, seed=8):
    rng = np.random.default_rng(seed)
    stamp = pd.date_range("2022-01-01", periods=hours, freq="h")
    daily = 120 * np.sin(2 * np.pi * (stamp.hour - 7) / 24)
    weekly = np.where(stamp.dayofweek >= 5, -80, 0)
    noise = np.zeros(hours)
    for t in range(1, hours):
        noise[t] = 0.7 * noise[t - 1] + rng.normal(0, 35)
    return pd.Series(640 + daily + weekly + noise, index=stamp, name="mw")


def windows(values):
    xs, ys = [], []
    for start in range(len(values) - WINDOW):
        end = start + WINDOW
        xs.append(values[start:end])
        ys.append(values[end - 1])
    return np.array(xs, "float32")[..., None], np.array(ys, "float32")


def run(callbacks):
    keras.utils.set_random_seed(1)
    load = fake_load()
    cut = int(len(load) * 0.8)
    mean, std = load[:cut].mean(), load[:cut].std()
    scaled = ((load - mean) / std).to_numpy()
    x, y = windows(scaled[:cut])
    vx, vy = windows(scaled[cut:])

    model = keras.Sequential([
        keras.Input((WINDOW, 1)),
        layers.GRU(24),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    ])
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse", metrics=["mae"])
    hist = model.fit(x, y, validation_data=(vx, vy), epochs=7, batch_size=64, callbacks=callbacks, verbose=0)
    print("validation MAE in MW:", round(hist.history["val_mae"][-1] * std, 1))
    return hist


if __name__ == "__main__":
    run([])
