"""Forecasts the next 24 hours of electric load as three quantiles; split by time, scaled by the training part."""
import keras
import numpy as np
from keras import layers, ops

PAST, AHEAD = 72, 24
QUANTILES = [0.1, 0.5, 0.9]


def load_curve(hours=24 * 300):
    rng = np.random.default_rng(111)
    t = np.arange(hours)
    day = 12 * np.sin(2 * np.pi * (t - 8) / 24) + 5 * np.sin(4 * np.pi * (t - 3) / 24)
    week = np.where((t // 24) % 7 >= 5, -9.0, 0.0)
    weather = np.zeros(hours)
    for i in range(1, hours):
        weather[i] = 0.985 * weather[i - 1] + rng.normal(0, 0.5)
    return 60 + day + week + weather + rng.normal(0, 1.2, hours), week < 0


def pinball(y, q_pred):
    q = ops.convert_to_tensor(QUANTILES, dtype=q_pred.dtype)
    err = ops.expand_dims(y, -1) - q_pred
    return ops.mean(ops.maximum(q * err, (q - 1) * err), axis=(1, 2))


def windows(values, weekend, starts):
    past = np.stack([values[s:s + PAST] for s in starts])
    flag = np.stack([weekend[s + PAST:s + PAST + AHEAD] for s in starts]).astype("float32")
    hour = (starts + PAST) % 24 * 2 * np.pi / 24
    clock = np.stack([np.sin(hour), np.cos(hour)], 1)
    target = np.stack([values[s + PAST:s + PAST + AHEAD] for s in starts])
    return [past[..., None].astype("float32"), np.c_[flag, clock].astype("float32")], target.astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(11)
    values, weekend = load_curve()
    cut = int(0.8 * len(values))
    values = (values - values[:cut].mean()) / values[:cut].std()
    x, y = windows(values, weekend, np.arange(0, cut - PAST - AHEAD, 2))
    x_val, y_val = windows(values, weekend, np.arange(cut, len(values) - PAST - AHEAD, 3))

    past, known = keras.Input((PAST, 1)), keras.Input((AHEAD + 2,))
    h = layers.Conv1D(24, 6, strides=3, activation="relu")(past)
    h = layers.GRU(32)(h)
    h = layers.Concatenate()([h, layers.Flatten()(past), known])
    h = layers.Dense(64, activation="relu")(h)
    out = layers.Reshape((AHEAD, 3))(layers.Dense(AHEAD * 3)(h))
    model = keras.Model([past, known], out)
    model.compile(keras.optimizers.Adam(1.5e-3), loss=pinball)
    hist = model.fit(x, y, batch_size=32, epochs=12, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    pred = model.predict(x_val, verbose=0)
    print("share below each quantile:", (y_val[..., None] < pred).mean((0, 1)).round(3))
    print("median error:", np.abs(pred[..., 1] - y_val).mean(), "yesterday:", np.abs(x_val[0][:, -24:, 0] - y_val).mean())
    return hist
