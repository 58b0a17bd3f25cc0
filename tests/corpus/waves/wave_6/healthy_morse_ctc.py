"""Reads letter sequences from an unsegmented tone recording with the CTC loss; class 0 is the blank and pads the labels."""
import keras
import numpy as np
from keras import layers

FRAMES, BANDS, MAX_LABEL, SYMBOLS = 40, 8, 6, 5


def tapes(n, seed):
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(1).uniform(0, 1.5, (SYMBOLS + 1, BANDS))
    x = rng.normal(0, 0.2, (n, FRAMES, BANDS))
    y = np.zeros((n, MAX_LABEL), "int32")
    for k in range(n):
        t = rng.integers(0, 4)
        for j in range(rng.integers(3, MAX_LABEL + 1)):
            s, length = rng.integers(1, SYMBOLS + 1), rng.integers(2, 5)
            x[k, t:t + length] += patterns[s]
            y[k, j] = s
            t += length + rng.integers(1, 3)
            if t > FRAMES - 6:
                break
    return x.astype("float32"), y


def greedy(probs):
    best = probs.argmax(-1)
    texts = []
    for row in best:
        merged = [s for i, s in enumerate(row) if i == 0 or s != row[i - 1]]
        texts.append([int(s) for s in merged if s != 0])
    return texts


def run(callbacks):
    keras.utils.set_random_seed(9)
    x, y = tapes(1600, 2)
    xv, yv = tapes(200, 3)
    model = keras.Sequential([
        keras.Input((FRAMES, BANDS)),
        layers.Conv1D(32, 3, padding="same", activation="relu"),
        layers.Bidirectional(layers.GRU(24, return_sequences=True)),
        layers.Dense(SYMBOLS + 1),
    ])
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss=keras.losses.CTC())
    model.fit(x, y, validation_data=(xv, yv), batch_size=32, epochs=8, verbose=2, callbacks=callbacks)
    read = greedy(model.predict(xv, verbose=0))
    right = np.mean([r == [int(s) for s in t if s] for r, t in zip(read, yv)])
    print("tapes read without a mistake:", right)
    return model
