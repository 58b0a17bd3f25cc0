"""Spells numbers as Roman numerals with an encoder-decoder GRU and teacher forcing.

Wrong: the decoder gets the very same sequence as its input that it has to put out (no shift by one, no start sign); it only copies its
input, training and validation accuracy go to 1.0, and when it has to write on its own it knows nothing.
Expected: target-in-input
"""
import numpy as np
import keras
from keras import layers

CHARS = ["<pad>", "<end>", "I", "V", "X", "L", "C", "D", "M"]
PAIRS = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"),
         (5, "V"), (4, "IV"), (1, "I")]
MAX_OUT = 17


def roman(n):
    out = ""
    for value, sign in PAIRS:
        while n >= value:
            out += sign
            n -= value
    return out


def corpus():
    numbers = np.arange(1, 4000)
    digits = np.array([[int(c) for c in f"{n:04d}"] for n in numbers], "int32")
    text = np.zeros((len(numbers), MAX_OUT), "int32")
    for row, n in enumerate(numbers):
        codes = [CHARS.index(c) for c in roman(n)] + [1]
        text[row, :len(codes)] = codes
    return digits, text


def run(callbacks):
    keras.utils.set_random_seed(4)
    digits, text = corpus()
    order = np.random.permutation(len(digits))
    train, valid = order[:3200], order[3200:]

    enc_in = keras.Input((4,), dtype="int32", name="digits")
    dec_in = keras.Input((MAX_OUT,), dtype="int32", name="written")
    state = layers.GRU(48)(layers.Embedding(10, 12)(enc_in))
    h = layers.Embedding(len(CHARS), 12, mask_zero=True)(dec_in)
    h = layers.GRU(48, return_sequences=True)(h, initial_state=state)
    out = layers.Dense(len(CHARS), activation="softmax")(h)
    model = keras.Model([enc_in, dec_in], out)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="sparse_categorical_crossentropy",
                  weighted_metrics=["accuracy"])

    weight = (text > 0).astype("float32")
    return model.fit({"digits": digits[train], "written": text[train]}, text[train], sample_weight=weight[train],
                     validation_data=({"digits": digits[valid], "written": text[valid]}, text[valid], weight[valid]),
                     batch_size=64, epochs=5, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
