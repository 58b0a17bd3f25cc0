"""Hourly bike rentals from weather and calendar columns of a pandas frame.

Wrong: the column ``when`` was a datetime and is turned into Unix seconds to "keep the trend" - about 1.6e9, next to
temperatures and weekdays around 1. The column isn't scaled; it drowns the first layer, and the loss starts at about 1e16.

Expected: feature-scale-disparity, unnormalized-input
"""
import keras
import numpy as np
import pandas as pd
from keras import layers


def rentals(days=160, seed=44):
    rng = np.random.default_rng(seed)
    when = pd.date_range("2021-03-01", periods=24 * days, freq="h").as_unit("ns")
    hour, weekday = when.hour.to_numpy(), when.weekday.to_numpy()
    season = np.sin(2 * np.pi * (when.dayofyear.to_numpy() - 100) / 365)
    temp = 12 + 9 * season + 4 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.normal(0, 2, len(when))
    rain = rng.random(len(when)) < 0.12
    commute = np.exp(-(hour - 8) ** 2 / 4) + np.exp(-(hour - 17) ** 2 / 5)
    leisure = np.exp(-(hour - 14) ** 2 / 14)
    level = np.where(weekday < 5, 1.8 * commute + 0.4 * leisure, 1.4 * leisure) + 0.1
    rentals = rng.poisson(120 * level * (0.5 + 0.03 * temp.clip(0)) * np.where(rain, 0.4, 1.0))
    return pd.DataFrame({"when": when, "temp": temp, "rain": rain.astype(float), "rentals": rentals})


def run(callbacks):
    keras.utils.set_random_seed(6)
    df = rentals()
    df["hour_sin"] = np.sin(2 * np.pi * df.when.dt.hour / 24)
    df["hour_cos"] = np.cos(2 * np.pi * df.when.dt.hour / 24)
    df["hour2_sin"] = np.sin(4 * np.pi * df.when.dt.hour / 24)
    df["hour2_cos"] = np.cos(4 * np.pi * df.when.dt.hour / 24)
    df["weekend"] = (df.when.dt.weekday >= 5).astype(float)
    df["temp"] = (df.temp - df.temp.mean()) / df.temp.std()
    df["when"] = df.when.astype("int64") // 10**9

    cut = int(0.8 * len(df))
    y = np.log1p(df.pop("rentals").to_numpy("float32"))
    X = df.to_numpy("float32")

    model = keras.models.Sequential()
    model.add(keras.Input((X.shape[1],)))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(1))
    model.compile(loss="mean_squared_error", optimizer="adam", metrics=["mae"])
    return model.fit(X[:cut], y[:cut], validation_data=(X[cut:], y[cut:]), epochs=15, batch_size=64,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
