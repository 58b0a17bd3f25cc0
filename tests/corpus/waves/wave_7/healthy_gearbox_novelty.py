"""Novelty detection on gearbox vibration: a convolutional autoencoder that sees healthy gearboxes only.

Signals are scaled to about unit variance and go through both as input and as target; there are no class labels at all.
"""
import numpy as np
import keras
from keras import layers


def gearbox(n, seed, damaged=False):
    rng = np.random.default_rng(seed)
    t = np.arange(128)
    f = rng.uniform(0.045, 0.055, (n, 1))
    p = rng.uniform(0, 2 * np.pi, (n, 1))
    s = np.sin(2 * np.pi * f * t + p) + 0.5 * np.sin(4 * np.pi * f * t + 2 * p)
    if damaged:
        s[:, 10::32] += 2.0
    return (s + rng.normal(0, 0.1, s.shape)).astype("float32")[..., None]


class Autoencoder(keras.Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential([
            layers.Conv1D(16, 7, strides=4, padding="same", activation="relu"),
            layers.Conv1D(8, 7, strides=4, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(12),
        ])
        self.decoder = keras.Sequential([
            layers.Dense(8 * 8, activation="relu"),
            layers.Reshape((8, 8)),
            layers.Conv1DTranspose(16, 7, strides=4, padding="same", activation="relu"),
            layers.Conv1DTranspose(8, 7, strides=4, padding="same", activation="relu"),
            layers.Conv1D(1, 5, padding="same"),
        ])

    def call(self, x):
        return self.decoder(self.encoder(x))


def run(callbacks):
    keras.utils.set_random_seed(6)
    train, valid = gearbox(2500, 1), gearbox(400, 2)
    model = Autoencoder()
    model.compile(keras.optimizers.Adam(2e-3), loss="mse")
    history = model.fit(train, train, validation_data=(valid, valid), epochs=12, batch_size=50,
                        callbacks=callbacks, verbose=0)
    ok = np.mean((model.predict(valid, verbose=0) - valid) ** 2)
    broken = gearbox(200, 3, damaged=True)
    bad = np.mean((model.predict(broken, verbose=0) - broken) ** 2)
    print("error healthy", ok, "damaged", bad)
    return history


if __name__ == "__main__":
    print(run([]).history["val_loss"])
