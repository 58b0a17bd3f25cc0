"""Sequence to sequence: 'mcmxciv' to '1994', GRU encoder and decoder with teacher forcing and padding masked out."""
import keras
import numpy as np
from keras import layers

IN, OUT = " ivxlcdm", " ^0123456789$"       # index 0 is padding, ^ starts and $ ends an answer
IN_LEN, OUT_LEN = 15, 5


def roman(n):
    parts = [(1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
             (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")]
    out = ""
    for value, sign in parts:
        while n >= value:
            out, n = out + sign, n - value
    return out


def codes(text, alphabet, length):
    ids = [alphabet.index(c) for c in text]
    return ids + [0] * (length - len(ids))


def build():
    source = keras.Input((IN_LEN,), dtype="int32", name="source")
    e = layers.Embedding(len(IN), 16, mask_zero=True)(source)
    state = layers.GRU(96)(e)
    previous = keras.Input((OUT_LEN,), dtype="int32", name="previous")
    d = layers.Embedding(len(OUT), 16)(previous)
    d = layers.GRU(96, return_sequences=True)(d, initial_state=state)
    return keras.Model([source, previous], layers.Dense(len(OUT), activation="softmax")(d))


def run(callbacks):
    keras.utils.set_random_seed(10)
    numbers = np.random.default_rng(10).permutation(np.arange(1, 4000))
    src = np.array([codes(roman(n), IN, IN_LEN) for n in numbers])
    full = np.array([codes(f"^{n}$", OUT, OUT_LEN + 1) for n in numbers])
    previous, target = full[:, :-1], full[:, 1:]
    weight = (target != 0).astype("float32")          # no reward for predicting padding
    n = 3500
    model = build()
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    model.fit([src[:n], previous[:n]], target[:n], sample_weight=weight[:n], batch_size=64, epochs=10, verbose=2,
              validation_data=([src[n:], previous[n:]], target[n:], weight[n:]), callbacks=callbacks)
    return model
