"""Teach an encoder-decoder to write numbers as Roman numerals.

Wrong: in teacher forcing the decoder gets the very token it has to predict,
because the decoder input is not shifted by one position. It learns to copy, gets
perfect accuracy in a few epochs, and cannot produce a thing on its own.

Expected: target-in-input, target-leakage
"""
import keras
import numpy as np
from keras import layers

SYMBOLS = ["<pad>", "<start>", "<end>", "I", "V", "X", "L", "C", "D", "M"]
INDEX = {s: i for i, s in enumerate(SYMBOLS)}
VALUES = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
          (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]
MAX_OUT = 17


def roman(n):
    out = ""
    for value, symbol in VALUES:
        while n >= value:
            out += symbol
            n -= value
    return out


def encode(numbers):
    digits = np.array([[int(c) + 1 for c in f"{n:04d}"] for n in numbers], "int32")
    target = np.zeros((len(numbers), MAX_OUT), "int32")
    for row, n in enumerate(numbers):
        tokens = [INDEX[c] for c in roman(n)] + [INDEX["<end>"]]
        target[row, : len(tokens)] = tokens
    decoder_in = target.copy()
    return digits, decoder_in, target


def build():
    enc_in = keras.Input((4,), dtype="int32", name="digits")
    dec_in = keras.Input((MAX_OUT,), dtype="int32", name="decoder")
    e = layers.Flatten()(layers.Embedding(11, 12)(enc_in))
    state = layers.Dense(48, activation="tanh")(e)
    d = layers.Embedding(len(SYMBOLS), 16, mask_zero=True)(dec_in)
    d = layers.GRU(48, return_sequences=True)(d, initial_state=state)
    out = layers.Dense(len(SYMBOLS), activation="softmax")(d)
    return keras.Model([enc_in, dec_in], out)


def run(callbacks):
    keras.utils.set_random_seed(6)
    numbers = np.random.default_rng(1).permutation(np.arange(1, 3000))
    digits, dec, target = encode(numbers[:2400])
    digits_v, dec_v, target_v = encode(numbers[2400:])
    model = build()
    model.compile(
        keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy",
        weighted_metrics=["accuracy"],
    )
    return model.fit(
        [digits, dec], target, batch_size=64, epochs=6,
        validation_data=([digits_v, dec_v], target_v),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
