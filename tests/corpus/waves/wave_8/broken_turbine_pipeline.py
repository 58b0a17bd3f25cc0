"""Predicts the power of a wind turbine ten minutes ahead from windows of sensor readings that a generator cuts on the fly.

Wrong: the generator lacks ``while True``, it ends after one pass of 60 batches. Keras says once that the input ran out of data;
of the 15 epochs only the first trains as meant: the second sees nothing, the others the one batch that Keras had kept from its first look.

Expected: exhausted-data
"""
import keras
import numpy as np
from keras import layers

WINDOW = 24


def sensors(n=2500, seed=15):
    rng = np.random.default_rng(seed)
    wind = np.zeros(n)
    for i in range(1, n):
        wind[i] = 0.97 * wind[i - 1] + rng.normal(0, 0.5)
    wind = 9 + 1.6 * wind
    gust = rng.normal(0, 0.6, n)
    power = 1 / (1 + np.exp(-(wind - 9) / 1.5)) + rng.normal(0, 0.02, n)
    yaw = np.cumsum(rng.normal(0, 0.1, n))
    return np.column_stack([wind + gust, power, np.sin(yaw), np.cos(yaw)]).astype("float32")


def windows(table, starts):
    x = np.stack([table[s:s + WINDOW] for s in starts])
    y = np.stack([table[s + WINDOW, 1:2] for s in starts])
    return x, y


def generate(table, batch_size, seed=0):
    """Batches of windows in random order."""
    starts = np.random.default_rng(seed).permutation(len(table) - WINDOW)
    for i in range(0, len(starts) - batch_size + 1, batch_size):
        yield windows(table, starts[i:i + batch_size])


def run(callbacks):
    keras.utils.set_random_seed(18)
    table = sensors()
    cut = 1950
    mean, std = table[:cut].mean(0), table[:cut].std(0)
    table = (table - mean) / std
    val = windows(table[cut:], range(len(table) - cut - WINDOW))

    model = keras.Sequential([
        keras.Input((WINDOW, 4)),
        layers.Conv1D(24, 5, padding="causal", activation="relu"),
        layers.GRU(24),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    ])
    model.compile(optimizer=keras.optimizers.Adam(5e-4), loss="huber", metrics=["mae"])
    return model.fit(generate(table[:cut], 32), validation_data=val, steps_per_epoch=(cut - WINDOW) // 32, epochs=15,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
