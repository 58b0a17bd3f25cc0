"""Hourly visitor counts of a small museum, mostly zero, with the Poisson loss and an exponential output."""
import numpy as np
import pandas as pd
import keras
from keras import layers


def visits(days=420, seed=51):
    rng = np.random.default_rng(seed)
    stamp = pd.date_range("2021-02-01", periods=days * 24, freq="h")
    df = pd.DataFrame({"hour": stamp.hour, "weekday": stamp.dayofweek, "temp": 0.0}, index=stamp)
    df["temp"] = 12 + 9 * np.sin(2 * np.pi * (stamp.dayofyear - 110) / 365) + rng.normal(0, 3, len(df))
    is_open = (df.hour >= 10) & (df.hour < 18) & (df.weekday != 0)
    rate = np.exp(0.8 + 0.6 * (df.weekday >= 5) - 0.04 * (df.temp - 12) - 0.08 * (df.hour - 14) ** 2)
    df["visitors"] = rng.poisson(np.where(is_open, rate, 0.02))
    return df


class CountModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.hour = layers.Embedding(24, 6)
        self.day = layers.Embedding(7, 3)
        self.join = layers.Concatenate()
        self.h = layers.Dense(32, activation="relu")
        self.rate = layers.Dense(1, activation="exponential")

    def call(self, inputs):
        hour, day, temp = inputs
        return self.rate(self.h(self.join([self.hour(hour), self.day(day), temp])))


def feed(df):
    return (df.hour.to_numpy("int32"), df.weekday.to_numpy("int32"),
            ((df.temp - 12) / 8).to_numpy("float32")[:, None]), df.visitors.to_numpy("float32")[:, None]


def run(callbacks):
    keras.utils.set_random_seed(51)
    df = visits()
    cut = df.index[int(len(df) * 0.85)]
    x, y = feed(df[df.index < cut])
    vx, vy = feed(df[df.index >= cut])
    model = CountModel()
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="poisson", metrics=["mae"])
    hist = model.fit(x, y, validation_data=(vx, vy), batch_size=96, epochs=10, callbacks=callbacks, verbose=0)
    guess = model.predict(vx, verbose=0)
    print("zeros:", round(float((vy == 0).mean()), 2), "correlation:", np.corrcoef(guess[:, 0], vy[:, 0])[0, 1].round(2))
    return hist


if __name__ == "__main__":
    run([])
