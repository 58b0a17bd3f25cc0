"""Semantic hashing: an autoencoder with a 24 bit code for digits.

Wrong: the code is made binary with ops.round between encoder and decoder. round has no gradient, so the encoder stays
at its random start and only the decoder learns (a straight-through estimator is missing).
Expected: zero-gradient
"""
import keras
from keras import ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Binarize(keras.layers.Layer):
    """0/1 bits out of probabilities."""

    def call(self, probabilities):
        return ops.round(probabilities)


def run(callbacks):
    keras.utils.set_random_seed(0)
    pixels = load_digits().data.astype("float32") / 16.0
    train, test = train_test_split(pixels, test_size=0.2, random_state=1)

    image = keras.Input(shape=(64,), name="image")
    h = keras.layers.Dense(48, activation="relu", name="enc_hidden")(image)
    bits = keras.layers.Dense(24, activation="sigmoid", name="enc_bits")(h)
    code = Binarize(name="code")(bits)
    h = keras.layers.Dense(48, activation="relu", name="dec_hidden")(code)
    out = keras.layers.Dense(64, activation="sigmoid", name="dec_image")(h)
    hasher = keras.Model(image, out, name="hasher")

    hasher.compile(optimizer=keras.optimizers.RMSprop(2e-3), loss="mse")
    hasher.fit(train, train, batch_size=48, epochs=5, validation_data=(test, test), callbacks=callbacks, verbose=0)
    hasher.evaluate(test, test, callbacks=callbacks, verbose=0)
