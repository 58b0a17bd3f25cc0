"""Tells three kinds of heart beats apart; the beats come in batches from a PyDataset.

Wrong: __getitem__ ignores its index and cuts the first batch again and again, so the net sees 32 beats only and
learns them by heart.
Expected: repeated-batch
"""
import math

import keras
import numpy as np
from keras import layers


def bump(t, centre, width, height):
    return height * np.exp(-0.5 * ((t - centre) / width) ** 2)


def beats(n, seed):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, 140)
    x, y = np.zeros((n, 140)), rng.integers(0, 3, n)
    for i, kind in enumerate(y):
        s = rng.normal(0, 0.03)
        p = 0.0 if kind == 1 else rng.uniform(0.1, 0.25)
        width = 0.03 if kind == 2 else 0.018
        x[i] = (bump(t, 0.25 + s, 0.03, p) + bump(t, 0.42 + s, width, rng.uniform(0.8, 1.3))
                - bump(t, 0.47 + s, width, rng.uniform(0.2, 0.4)) + bump(t, 0.7 + s, 0.06, rng.uniform(0.2, 0.4)))
        x[i] += 0.15 * np.sin(2 * np.pi * (t + rng.random())) + rng.normal(0, 0.07, 140)
    return x[..., None].astype("float32"), y


class Beats(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size=32, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch_size = x, y, batch_size
        self.order = np.random.default_rng(0).permutation(len(x))

    def __len__(self):
        return math.ceil(len(self.x) / self.batch_size)

    def __getitem__(self, index):
        rows = self.order[:self.batch_size]
        return self.x[rows], self.y[rows]


def run(callbacks):
    keras.utils.set_random_seed(14)
    x_train, y_train = beats(1600, 1)
    x_val, y_val = beats(400, 2)
    model = keras.Sequential([
        keras.Input((140, 1)),
        layers.Conv1D(16, 9, activation="relu"),
        layers.MaxPooling1D(3),
        layers.Conv1D(32, 7, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(32, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(Beats(x_train, y_train), validation_data=(x_val, y_val), epochs=8, callbacks=callbacks, verbose=2)
