"""Predict the lowest temperature of the coming night in an orchard, to know when to start the frost fans.

Wrong: the output layer has a relu, as the hidden layers have, but about half of the (standardised) minima are negative. The model can
never say anything below zero, so just the cold nights, which matter, are all predicted as the mean.
Expected: target-out-of-range, output-activation-mismatch
"""
import keras
import numpy as np
from keras import layers


def nights(n=3000, seed=9):
    rng = np.random.default_rng(seed)
    day = rng.integers(0, 365, n)
    season = np.cos(2 * np.pi * (day - 200) / 365)
    noon = 11 + 9 * season + rng.normal(0, 3, n)
    dew = noon - rng.gamma(3, 2, n)
    cloud = rng.beta(0.6, 0.6, n)
    wind = rng.gamma(2, 1.8, n)
    lowest = 0.55 * noon + 0.35 * dew - 7 * (1 - cloud) * np.exp(-wind / 4) - 1 + rng.normal(0, 0.7, n)
    x = np.stack([np.sin(2 * np.pi * day / 365), np.cos(2 * np.pi * day / 365), noon, dew, cloud, wind], axis=1)
    return x.astype("float32"), lowest.astype("float32")[:, None]


def run(callbacks):
    keras.utils.set_random_seed(31)
    x, y = nights()
    cut = 2400
    norm = layers.Normalization(name="weather_scale")
    norm.adapt(x[:cut])
    y_mean, y_std = y[:cut].mean(), y[:cut].std()
    y = (y - y_mean) / y_std

    weather = keras.Input((6,), name="weather")
    h = norm(weather)
    for i, width in enumerate((64, 32, 1)):
        h = layers.Dense(width, activation="relu", kernel_initializer="he_normal", name=f"dense_{i}")(h)
    model = keras.Model(weather, h, name="frost")
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
    model.fit(x[:cut], y[:cut], validation_data=(x[cut:], y[cut:]), batch_size=32, epochs=15, callbacks=callbacks, verbose=2)
    predicted = model.predict(x[cut:], verbose=0) * y_std + y_mean
    print("coldest night foreseen: %.1f C" % predicted.min())
    return model


if __name__ == "__main__":
    run([])
