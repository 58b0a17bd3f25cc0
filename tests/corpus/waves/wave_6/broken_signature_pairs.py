"""Siamese network with the contrastive loss on pairs of digit images: same digit or not?
Wrong: the pairs are labelled 1 = same, but the loss is written for 1 = different (it pulls together the zeros); the network
learns to put different digits together and same digits apart, so the distances are the wrong way round.
Expected: stalled-loss, validation-at-chance
"""
import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits

MARGIN = 1.0


def make_pairs(x, y, n, rng):
    by_class = [np.flatnonzero(y == c) for c in range(10)]
    a, b, same = [], [], []
    for i in range(n):
        c = rng.integers(10)
        a.append(rng.choice(by_class[c]))
        if i % 2:
            b.append(rng.choice(by_class[c]))
        else:
            b.append(rng.choice(by_class[(c + rng.integers(1, 10)) % 10]))
        same.append(float(i % 2))
    return x[a], x[b], np.array(same, "float32")[:, None]


def contrastive(y, d):
    return ops.mean((1 - y) * ops.square(d) + y * ops.square(ops.maximum(MARGIN - d, 0)))


def pair_accuracy(y, d):
    return ops.mean(ops.cast(ops.equal(ops.cast(d < MARGIN / 2, "float32"), y), "float32"))


def distance(pair):
    u, v = pair
    return ops.sqrt(ops.maximum(ops.sum(ops.square(u - v), axis=1, keepdims=True), 1e-7))


def run(callbacks):
    keras.utils.set_random_seed(15)
    rng = np.random.default_rng(15)
    data = load_digits()
    x, y = (data.data / 16).astype("float32"), data.target
    xa, xb, s = make_pairs(x[:1400], y[:1400], 4000, rng)
    va, vb, vs = make_pairs(x[1400:], y[1400:], 800, rng)

    tower = keras.Sequential([
        keras.Input((64,)),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(16),
    ], name="tower")
    left, right = keras.Input((64,)), keras.Input((64,))
    out = layers.Lambda(distance, output_shape=(1,))([tower(left), tower(right)])
    model = keras.Model([left, right], out)
    model.compile("rmsprop", contrastive, metrics=[pair_accuracy])
    model.fit([xa, xb], s, validation_data=([va, vb], vs), batch_size=64, epochs=10, verbose=2, callbacks=callbacks)
    return model
