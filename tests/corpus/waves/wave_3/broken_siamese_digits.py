"""Siamese network that learns a distance between handwritten digits with a contrastive loss.
Wrong: pairs carry 1 for "same digit", but the loss is copied from a text where 1 means "different": equal digits are pushed apart and unlike digits are pulled together.
Expected: none-fits
"""
import numpy as np
import keras
from keras import layers, ops
from sklearn.datasets import load_digits

MARGIN = 1.0


def contrastive_loss(y_true, distance):
    # 0: similar, 1: dissimilar
    y_true = ops.cast(y_true, distance.dtype)
    pull = (1.0 - y_true) * ops.square(distance)
    push = y_true * ops.square(ops.maximum(MARGIN - distance, 0.0))
    return ops.mean(pull + push, axis=-1)


def verified(y_true, distance):
    """Share of pairs in which a small distance means the same digit."""
    same = ops.cast(distance < MARGIN / 2, "float32")
    return ops.mean(ops.cast(ops.equal(same, ops.cast(y_true, "float32")), "float32"), axis=-1)


def make_pairs(x, y, n, rng):
    left = rng.integers(0, len(x), n)
    right = np.empty(n, dtype=int)
    label = rng.integers(0, 2, n)
    for k in range(n):
        pool = np.flatnonzero(y == y[left[k]]) if label[k] else np.flatnonzero(y != y[left[k]])
        right[k] = rng.choice(pool)
    return (x[left], x[right]), label.astype("float32")[:, None]


class Distance(layers.Layer):
    def call(self, a, b):
        return ops.sqrt(ops.sum(ops.square(a - b), axis=-1, keepdims=True) + 1e-7)


def run(callbacks):
    keras.utils.set_random_seed(21)
    rng = np.random.default_rng(21)
    digits = load_digits()
    x = (digits.data / 16.0).astype("float32")
    order = rng.permutation(len(x))
    x, y = x[order], digits.target[order]
    (a, b), same = make_pairs(x[:1400], y[:1400], 5000, rng)
    (va, vb), vsame = make_pairs(x[1400:], y[1400:], 800, rng)

    tower = keras.Sequential([
        layers.Dense(96, activation="relu"),
        layers.Dense(48, activation="relu"),
        layers.Dense(16),
        layers.UnitNormalization(),
    ], name="tower")
    left, right = keras.Input((64,), name="left"), keras.Input((64,), name="right")
    net = keras.Model([left, right], Distance(name="distance")(tower(left), tower(right)))
    net.compile(optimizer="adam", loss=contrastive_loss, metrics=[verified])
    return net.fit([a, b], same, validation_data=([va, vb], vsame), epochs=8, batch_size=50,
                   callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
