"""Siamese net on the small digits: are two scans the same figure? The distance of the embeddings goes into a sigmoid unit.

Wrong: the distance is ``sqrt(sum((a - b) ** 2))`` without an epsilon, and the positive pairs are drawn at random within a class, so
now and then a scan is paired with itself. Its distance is exactly 0, the gradient of sqrt there is inf, inf * 0 is NaN, and from
that step on all weights are NaN.

Expected: non-finite-gradient, non-finite-loss, non-finite-weight
"""
import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits


def make_pairs(x, y, rng, pairs):
    by_class = [np.flatnonzero(y == c) for c in range(10)]
    left, right, same = [], [], []
    for _ in range(pairs // 2):
        c = rng.integers(10)
        left.append(rng.choice(by_class[c]))
        right.append(rng.choice(by_class[c]))
        same.append(1.0)
        c, d = rng.choice(10, 2, replace=False)
        left.append(rng.choice(by_class[c]))
        right.append(rng.choice(by_class[d]))
        same.append(0.0)
    return [x[left], x[right]], np.array(same, "float32")[:, None]


def encoder():
    return keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(32),
    ], name="encoder")


def euclidean(vectors):
    a, b = vectors
    return ops.sqrt(ops.sum(ops.square(a - b), axis=1, keepdims=True))


def run(callbacks):
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(4)
    digits = load_digits()
    x = (digits.images[..., None] / 16.0).astype("float32")
    train, val = make_pairs(x[:1400], digits.target[:1400], rng, 6000), make_pairs(x[1400:], digits.target[1400:], rng, 800)

    net = encoder()
    in_a, in_b = keras.Input((8, 8, 1), name="scan_a"), keras.Input((8, 8, 1), name="scan_b")
    distance = layers.Lambda(euclidean, output_shape=(1,))([net(in_a), net(in_b)])
    siamese = keras.Model([in_a, in_b], layers.Dense(1, activation="sigmoid")(distance))
    siamese.compile(optimizer=keras.optimizers.RMSprop(1e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return siamese.fit(train[0], train[1], validation_data=val, batch_size=64, epochs=5, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
