"""Predict the photon count of a star in the next exposure from its colours, with Poisson loss.

Wrong: Poisson loss takes the logarithm of the predicted rate, which must be positive, but the last layer is linear. As soon as a
prediction is negative the loss is NaN and all weights are lost.

Expected: non-finite-loss, output-activation-mismatch, unsuitable-loss
"""
import numpy as np
import keras
from keras import layers


def sky(n=4000):
    rng = np.random.default_rng(71)
    x = rng.normal(size=(n, 5)).astype("float32")
    rate = np.exp(0.8 + 0.6 * x[:, 0] - 0.5 * x[:, 1] + 0.3 * x[:, 2] * x[:, 3])
    return x, rng.poisson(rate).astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(22)
    colours, photons = sky()
    model = keras.Sequential()
    model.add(keras.Input((5,)))
    model.add(layers.Dense(32, activation="tanh"))
    model.add(layers.Dense(32, activation="tanh"))
    model.add(layers.Dense(1))
    model.compile(optimizer="adam", loss=keras.losses.Poisson(), metrics=["mae"])
    return model.fit(colours[:3200], photons[:3200], validation_data=(colours[3200:], photons[3200:]),
                     batch_size=64, epochs=10, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["loss"])
