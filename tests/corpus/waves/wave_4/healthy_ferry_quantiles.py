"""Forecast ferry passengers as 10, 50 and 90 % quantiles, in order of time."""
import keras
import numpy as np
from keras import layers, ops

LEVELS = {"low": 0.1, "middle": 0.5, "high": 0.9}
WEEK = 14


def passengers(days=2200):
    rng = np.random.default_rng(91)
    t = np.arange(days)
    season = 1.0 + 0.5 * np.sin(2 * np.pi * (t - 100) / 365)
    weekend = np.where(t % 7 >= 5, 1.6, 1.0)
    weather = np.zeros(days)
    for i in range(1, days):
        weather[i] = 0.6 * weather[i - 1] + rng.normal(0, 0.15)
    return (800 * season * weekend * np.exp(weather)).astype("float32"), t


def pinball(q):
    def loss(y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(q * error, (q - 1) * error), axis=-1)

    return loss


def run(callbacks):
    keras.utils.set_random_seed(49)
    count, t = passengers()
    series = np.log(count / 800)
    x = np.stack([series[i : i + WEEK] for i in range(len(series) - WEEK)])
    day = t[WEEK:]
    calendar = np.stack(
        [np.sin(2 * np.pi * day / 365), np.cos(2 * np.pi * day / 365), day % 7 >= 5], 1
    )
    x = np.concatenate([x, calendar], axis=1).astype("float32")
    y = series[WEEK:, None]
    cut = 1750

    inputs = keras.Input((x.shape[1],))
    h = layers.Dense(32, activation="elu")(inputs)
    h = layers.Dense(16, activation="elu")(h)
    outputs = {name: layers.Dense(1, name=name)(h) for name in LEVELS}
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(2e-3), loss={k: pinball(q) for k, q in LEVELS.items()}
    )
    return model.fit(
        x[:cut], {k: y[:cut] for k in LEVELS}, batch_size=32, epochs=12,
        validation_data=(x[cut:], {k: y[cut:] for k in LEVELS}),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
