"""Predict wave height from the readings of a weather buoy.

Wrong: the buoy writes -9999 where a sensor failed. The code checks for NaN, finds
none, and standardises the columns with those values in them. The real readings
are squeezed into a sliver near zero and the failures stand out by many deviations.

Expected: sentinel-value
"""
import keras
import numpy as np
import pandas as pd
from keras import layers


def buoy(n=4000):
    rng = np.random.default_rng(31)
    wind = rng.weibull(2, n) * 9
    gust = wind * rng.uniform(1.1, 1.5, n)
    pressure = 1013 - 0.8 * wind + rng.normal(0, 6, n)
    air = rng.normal(14, 5, n)
    water = 0.6 * air + 6 + rng.normal(0, 1, n)
    period = 3 + 0.35 * wind + rng.normal(0, 0.7, n)
    height = 0.02 * wind**2 + 0.06 * period + 0.03 * (water - air) + rng.normal(0, 0.1, n)
    df = pd.DataFrame(
        {"wind": wind, "gust": gust, "pressure": pressure, "air": air,
         "water": water, "period": period, "height": height}
    )
    for column, share in [("wind", 0.04), ("gust", 0.05), ("pressure", 0.02), ("water", 0.03)]:
        df.loc[rng.random(n) < share, column] = -9999.0
    return df


def run(callbacks):
    keras.utils.set_random_seed(24)
    df = buoy()
    df = df.dropna()
    train = df.sample(frac=0.8, random_state=2)
    test = df.drop(train.index)
    columns = [c for c in df.columns if c != "height"]
    mean, std = train[columns].mean(), train[columns].std()

    def features(part):
        return ((part[columns] - mean) / std).to_numpy("float32")

    model = keras.Sequential(
        [
            keras.Input((len(columns),)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.RMSprop(1e-3), loss="huber", metrics=["mae"])
    return model.fit(
        features(train), train["height"].to_numpy("float32"),
        validation_data=(features(test), test["height"].to_numpy("float32")),
        batch_size=64, epochs=12, callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
