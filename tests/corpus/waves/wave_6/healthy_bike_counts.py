"""Hourly bicycle counts as a Poisson regression: exponential output, loss may drop below zero, many counts are zero."""
import keras
import numpy as np
import pandas as pd
from keras import layers


def station(hours=4000):
    rng = np.random.default_rng(14)
    when = pd.date_range("2019-04-01", periods=hours, freq="h")
    h, wd = when.hour.to_numpy(), when.dayofweek.to_numpy()
    rush = np.exp(-((h - 8) / 1.5) ** 2) + np.exp(-((h - 17.5) / 2.0) ** 2)
    leisure = np.exp(-((h - 14) / 4.0) ** 2)
    rain = rng.random(hours) < 0.15
    temp = 14 + 6 * np.sin((h - 9) / 24 * 2 * np.pi) + rng.normal(0, 3, hours)
    rate = np.where(wd < 5, 3.0 * rush + 0.4 * leisure, 1.8 * leisure) * np.exp(0.05 * (temp - 14)) * np.where(rain, 0.4, 1)
    return pd.DataFrame({"hour": h, "weekday": wd, "rain": rain.astype(float), "temp": temp,
                         "count": rng.poisson(rate + 0.03)})


def run(callbacks):
    keras.utils.set_random_seed(14)
    df = station()
    train, val = df[:3200], df[3200:]
    temp_mean, temp_std = train.temp.mean(), train.temp.std()

    def as_inputs(d):
        numeric = np.stack([d.rain, (d.temp - temp_mean) / temp_std], axis=1).astype("float32")
        return {"hour": d.hour.to_numpy("int32"), "weekday": d.weekday.to_numpy("int32"), "numeric": numeric}

    hour = keras.Input((), dtype="int32", name="hour")
    weekday = keras.Input((), dtype="int32", name="weekday")
    numeric = keras.Input((2,), name="numeric")
    h = layers.Concatenate()([layers.Embedding(24, 6)(hour), layers.Embedding(7, 3)(weekday), numeric])
    h = layers.Dense(32, activation="relu")(h)
    rate = layers.Dense(1, activation="exponential")(h)
    model = keras.Model({"hour": hour, "weekday": weekday, "numeric": numeric}, rate)
    model.compile(keras.optimizers.Adam(3e-3), loss="poisson", metrics=["mae"])
    model.fit(as_inputs(train), train["count"].to_numpy("float32")[:, None], batch_size=64, epochs=12, verbose=2,
              validation_data=(as_inputs(val), val["count"].to_numpy("float32")[:, None]), callbacks=callbacks)
    return model
