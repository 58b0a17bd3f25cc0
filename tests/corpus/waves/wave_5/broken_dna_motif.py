"""Finds promoter-like pieces of DNA with a bidirectional GRU over the bases.

Wrong: the bases are numbered A=0, C=1, G=2, T=3 and the Embedding has mask_zero=True, so every A is treated as
padding and skipped; what tells the two classes apart is where the As are.
Expected: stalled-loss
"""
import keras
import numpy as np
from keras import layers

BASES = {"A": 0, "C": 1, "G": 2, "T": 3}


def sample(rng, positive, length=28):
    seq = list(rng.choice(list("ACGT"), length))
    motif = "TATAAATA" if positive else rng.choice(["TTTAAAAA", "AAATTTAA", "TAATTAAA"])
    at = rng.integers(0, length - len(motif))
    seq[at:at + len(motif)] = motif
    return "".join(seq)


def load(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    seqs = [sample(rng, p) for p in y]
    x = np.array([[BASES[b] for b in s] for s in seqs], "int32")
    return x, y.astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(20)
    x_train, y_train = load(3200, 1)
    x_val, y_val = load(800, 2)
    inp = keras.Input((x_train.shape[1],), dtype="int32")
    h = layers.Embedding(len(BASES), 8, mask_zero=True)(inp)
    h = layers.Bidirectional(layers.GRU(24, return_sequences=True))(h)
    h = layers.GlobalMaxPooling1D()(h)
    out = layers.Dense(1, activation="sigmoid")(h)
    model = keras.Model(inp, out)
    model.compile(keras.optimizers.Adam(4e-3), "binary_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, batch_size=64, epochs=7, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
