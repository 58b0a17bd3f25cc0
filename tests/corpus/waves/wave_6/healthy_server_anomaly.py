"""Anomaly detection for server metrics: an autoencoder that sees only normal windows (x is its own target)."""
import keras
import numpy as np
from keras import layers
from sklearn.metrics import roc_auc_score

STEPS, CHANNELS = 32, 4


def windows(n, rng, broken=False):
    t = np.arange(STEPS)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    load = 0.5 + 0.3 * np.sin(2 * np.pi * t / STEPS + phase)
    x = np.stack([load, 0.8 * load + 0.1, 1 - 0.6 * load, 0.5 + 0.2 * np.cos(4 * np.pi * t / STEPS + 2 * phase)], -1)
    x = x + rng.normal(0, 0.03, x.shape)
    if broken:
        for k in range(n):
            c, a = rng.integers(CHANNELS), rng.integers(4, STEPS - 10)
            x[k, a:a + 8, c] = x[k, a, c] if rng.random() < 0.5 else x[k, a:a + 8, c] + rng.choice([-0.35, 0.35])
    return x.astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(16)
    rng = np.random.default_rng(16)
    normal, val = windows(1500, rng), windows(300, rng)
    mean, std = normal.mean((0, 1)), normal.std((0, 1))
    scale = lambda x: (x - mean) / std

    inp = keras.Input((STEPS, CHANNELS))
    h = layers.Conv1D(16, 5, strides=2, padding="same", activation="relu")(inp)
    h = layers.Conv1D(8, 5, strides=2, padding="same", activation="relu")(h)
    code = layers.Dense(6, name="code")(layers.Flatten()(h))
    h = layers.Reshape((8, 8))(layers.Dense(64, activation="relu")(code))
    h = layers.Conv1DTranspose(16, 5, strides=2, padding="same", activation="relu")(h)
    h = layers.Conv1DTranspose(16, 5, strides=2, padding="same", activation="relu")(h)
    auto = keras.Model(inp, layers.Conv1D(CHANNELS, 3, padding="same")(h))
    auto.compile(keras.optimizers.Adam(3e-3), loss="mse")
    x, v = scale(normal), scale(val)
    auto.fit(x, x, validation_data=(v, v), batch_size=32, epochs=12, verbose=2, callbacks=callbacks)

    test = scale(np.concatenate([windows(200, rng), windows(200, rng, broken=True)]))
    error = np.square(test - auto.predict(test, verbose=0)).mean((1, 2))
    print("AUC of the reconstruction error:", roc_auc_score(np.repeat([0, 1], 200), error))
    return auto
