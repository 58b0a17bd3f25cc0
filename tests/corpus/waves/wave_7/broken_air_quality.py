"""Estimate the ozone level from a low-cost air-quality station with six sensors.

Wrong: the logger writes -9999 when a sensor did not answer. These codes are left in the features and go into the network as if they
were measurements, so a few rows with huge values rule the gradients.

Expected: sentinel-value, outlying-value
"""
import numpy as np
import pandas as pd
import keras
from keras import layers


def station(hours=5000):
    rng = np.random.default_rng(56)
    hour = np.arange(hours) % 24
    temp = 12 + 8 * np.sin(2 * np.pi * (hour - 9) / 24) + rng.normal(0, 2, hours)
    sun = np.clip(np.sin(2 * np.pi * (hour - 6) / 24), 0, None) * rng.uniform(0.3, 1, hours)
    humidity = np.clip(75 - 1.5 * temp + rng.normal(0, 6, hours), 10, 100)
    no2 = 20 + 12 * np.exp(-0.5 * ((hour - 8) / 2) ** 2) + rng.gamma(2, 2, hours)
    co = 0.3 + 0.02 * no2 + rng.normal(0, 0.05, hours)
    wind = rng.weibull(2, hours) * 3
    ozone = 30 + 45 * sun + 0.8 * temp - 0.7 * no2 + 1.5 * wind + rng.normal(0, 3, hours)
    frame = pd.DataFrame(dict(temp=temp, sun=sun, humidity=humidity, no2=no2, co=co, wind=wind, ozone=ozone))
    for name in ["temp", "humidity", "no2", "co"]:
        missing = rng.random(hours) < 0.03
        frame.loc[missing, name] = -9999.0
    return frame


def run(callbacks):
    keras.utils.set_random_seed(15)
    frame = station()
    train, test = frame.iloc[:4000].copy(), frame.iloc[4000:].copy()
    y_mean, y_std = train.ozone.mean(), train.ozone.std()
    y_train = ((train.pop("ozone") - y_mean) / y_std).to_numpy("float32")
    y_test = ((test.pop("ozone") - y_mean) / y_std).to_numpy("float32")
    typical = pd.Series(dict(temp=12.0, sun=0.3, humidity=55.0, no2=26.0, co=0.8, wind=2.6))
    width = pd.Series(dict(temp=6.0, sun=0.3, humidity=11.0, no2=5.0, co=0.12, wind=1.4))
    x_train = ((train - typical) / width).to_numpy("float32")
    x_test = ((test - typical) / width).to_numpy("float32")

    inputs = keras.Input((6,))
    h = layers.Dense(32, activation="relu")(inputs)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(1)(h))
    model.compile("adam", "mse", metrics=["mae"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=8, batch_size=32,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_mae"])
