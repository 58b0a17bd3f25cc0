"""Character-level encoder-decoder that rewrites '7 march 2019' as '2019-03-07', with teacher forcing."""
import datetime as dt

import numpy as np
import keras
from keras import layers

MONTHS = ("january february march april may june july august september october november december").split()
SRC = " 0123456789abcdefghijklmnopqrstuvwxyz"
TGT = "0123456789-"          # ids 1..11; 12 starts a sequence, 0 pads
START, OUT = 12, 10


def dates(n, seed):
    rng = np.random.default_rng(seed)
    src, tgt = [], []
    for _ in range(n):
        d = dt.date(1990, 1, 1) + dt.timedelta(days=int(rng.integers(0, 15000)))
        name = MONTHS[d.month - 1]
        form = rng.integers(0, 3)
        src.append([f"{d.day} {name} {d.year}", f"{name} {d.day} {d.year}", f"{d.day} {name[:3]} {d.year}"][form])
        tgt.append(d.isoformat())
    return src, tgt


def encode(src, tgt):
    x = np.zeros((len(src), 18), "int32")
    for i, s in enumerate(src):
        x[i, :len(s)] = [SRC.index(c) + 1 for c in s]
    y = np.array([[TGT.index(c) + 1 for c in s] for s in tgt], "int32")
    y_in = np.concatenate([np.full((len(y), 1), START, "int32"), y[:, :-1]], axis=1)
    return (x, y_in), y


def build():
    enc_in = keras.Input((18,), dtype="int32", name="written")
    dec_in = keras.Input((OUT,), dtype="int32", name="iso_so_far")
    e = layers.Embedding(len(SRC) + 1, 24, mask_zero=True)(enc_in)
    seq = layers.GRU(64, return_sequences=True)(e)
    d = layers.Embedding(START + 1, 24)(dec_in)
    d = layers.GRU(64, return_sequences=True)(d)
    ctx = layers.Attention()([layers.Dense(64)(d), seq])
    h = layers.Dense(96, activation="relu")(layers.Concatenate()([d, ctx]))
    return keras.Model([enc_in, dec_in], layers.Dense(START, activation="softmax")(h))


def run(callbacks):
    keras.utils.set_random_seed(8)
    x, y = encode(*dates(3000, 1))
    vx, vy = encode(*dates(400, 2))
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(6e-3), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    return model.fit(x, y, validation_data=(vx, vy), batch_size=64, epochs=4, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
