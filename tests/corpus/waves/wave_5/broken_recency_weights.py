"""Predicts daily power use of an office from weather and calendar; newer days should count more.

Wrong: the weights are exp(-age) with the age in days instead of a decay over months. All but the last dozen of
1,400 days have a weight of practically zero, so the net fits twelve rows.
Expected: bad-sample-weight
"""
import keras
import numpy as np
import pandas as pd
from keras import layers

FEATURES = ["temp", "temp_sq", "wind", "sun", "weekend", "sin_year", "cos_year"]


def history(days=1500):
    rng = np.random.default_rng(50)
    idx = pd.date_range("2019-01-01", periods=days, freq="D")
    year = 2 * np.pi * idx.dayofyear.to_numpy() / 365.25
    df = pd.DataFrame({"sin_year": np.sin(year), "cos_year": np.cos(year)}, index=idx)
    df["temp"] = (10 - 9 * np.cos(year) + rng.normal(0, 4, days)) / 10
    df["temp_sq"] = df["temp"] ** 2
    df["wind"] = rng.gamma(2, 0.5, days)
    df["sun"] = np.clip(0.5 - 0.3 * np.cos(year) + rng.normal(0, 0.2, days), 0, 1)
    df["weekend"] = (idx.dayofweek >= 5).astype(float)
    kwh = (900 - 380 * df["weekend"] + 140 * (1.6 - df["temp"]).clip(lower=0) + 260 * (df["temp"] - 2).clip(lower=0)
           + 20 * df["wind"] - 70 * df["sun"] + rng.normal(0, 25, days))
    df["use"] = (kwh - 850) / 200
    return df


def run(callbacks):
    keras.utils.set_random_seed(51)
    df = history()
    train, val = df.iloc[:1400], df.iloc[1400:]
    age = (train.index.max() - train.index).days.to_numpy()
    weight = np.exp(-age).astype("float32")
    weight *= len(weight) / weight.sum()

    model = keras.Sequential([
        keras.Input((len(FEATURES),)),
        layers.Dense(48, activation="relu"),
        layers.Dense(24, activation="relu"),
        layers.Dense(1),
    ])
    model.compile(keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
    return model.fit(train[FEATURES].to_numpy("float32"), train["use"].to_numpy("float32"), sample_weight=weight,
                     batch_size=32, epochs=25,
                     validation_data=(val[FEATURES].to_numpy("float32"), val["use"].to_numpy("float32")),
                     callbacks=callbacks, verbose=2)
