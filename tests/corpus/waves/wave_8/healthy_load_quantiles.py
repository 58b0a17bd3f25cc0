"""Forecast of the grid load for the next six hours as 10 %, 50 % and 90 % quantiles, trained with the pinball loss."""
import keras
import numpy as np
from keras import layers, ops

PAST, AHEAD, QUANTILES = 48, 6, (0.1, 0.5, 0.9)


def grid_load(days=150, seed=3):
    rng = np.random.default_rng(seed)
    h = np.arange(24 * days)
    week = np.where((h // 24) % 7 < 5, 1.0, 0.8)
    load = 900 + 260 * week * np.sin(2 * np.pi * (h % 24 - 8) / 24) + 90 * np.sin(4 * np.pi * (h % 24 - 3) / 24)
    drift = np.zeros(len(h))
    for i in range(1, len(h)):
        drift[i] = 0.95 * drift[i - 1] + rng.normal(0, 14)
    return (load + drift).astype("float32"), np.stack([np.sin(2 * np.pi * h / 24), np.cos(2 * np.pi * h / 24),
                                                      ((h // 24) % 7 < 5) - 0.5], 1).astype("float32")


def pinball(y_true, y_pred):
    q = ops.reshape(ops.convert_to_tensor(QUANTILES, dtype="float32"), (1, 1, -1))
    miss = y_true[:, :, None] - y_pred
    return ops.mean(ops.maximum(q * miss, (q - 1) * miss), axis=(1, 2))


def coverage(y_true, y_pred):
    inside = ops.logical_and(y_true >= y_pred[:, :, 0], y_true <= y_pred[:, :, 2])
    return ops.mean(ops.cast(inside, "float32"), axis=1)


def windows(load, clock):
    table = np.concatenate([load[:, None], clock], 1)
    n = len(load) - PAST - AHEAD + 1
    x = np.stack([table[i:i + PAST] for i in range(n)])
    y = np.stack([load[i + PAST:i + PAST + AHEAD] for i in range(n)])
    return x, y


def run(callbacks):
    keras.utils.set_random_seed(7)
    load, clock = grid_load()
    cut = int(0.8 * len(load))
    mean, std = load[:cut].mean(), load[:cut].std()
    load = (load - mean) / std
    x_train, y_train = windows(load[:cut], clock[:cut])
    x_test, y_test = windows(load[cut:], clock[cut:])           # later than all training hours

    inputs = keras.Input((PAST, 4))
    h = layers.Conv1D(24, 6, strides=2, activation="relu")(inputs)
    h = layers.Conv1D(32, 4, strides=2, activation="relu")(h)
    h = layers.Flatten()(h)
    h = layers.Dense(48, activation="relu")(h)
    h = layers.Dense(AHEAD * len(QUANTILES))(h)
    model = keras.Model(inputs, layers.Reshape((AHEAD, len(QUANTILES)))(h))
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=pinball, metrics=[coverage])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), batch_size=64, epochs=14,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
