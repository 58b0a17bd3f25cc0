"""Learns a similarity of small digit pictures with a siamese net and contrastive loss.

Wrong: the distance is a bare square root. Now and then a pair is one picture twice, the distance is exactly zero,
its gradient is infinite and the weights turn to NaN.
Expected: non-finite-gradient, non-finite-loss, non-finite-weight
"""
import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits


def make_pairs(x, y, n, rng):
    by_class = [np.flatnonzero(y == c) for c in range(10)]
    left, right, same = [], [], []
    for k in range(n):
        a = rng.integers(10)
        b = a if k % 2 == 0 else (a + rng.integers(1, 10)) % 10
        left.append(rng.choice(by_class[a]))
        right.append(rng.choice(by_class[b]))
        same.append(float(a == b))
    return x[left], x[right], np.array(same, "float32")


def euclidean(pair):
    a, b = pair
    return ops.sqrt(ops.sum(ops.square(a - b), axis=1, keepdims=True))


def contrastive_loss(y_true, distance, margin=1.0):
    y_true = ops.reshape(y_true, ops.shape(distance))
    return ops.mean(y_true * distance + (1 - y_true) * ops.maximum(margin - distance, 0.0))


def run(callbacks):
    keras.utils.set_random_seed(30)
    rng = np.random.default_rng(30)
    x, y = load_digits(return_X_y=True)
    x = (x / 16.0).astype("float32")
    a_train, b_train, s_train = make_pairs(x[:1300], y[:1300], 6000, rng)
    a_val, b_val, s_val = make_pairs(x[1300:], y[1300:], 1000, rng)

    tower = keras.Sequential([
        keras.Input((64,)),
        layers.Dense(64, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(8),
    ], name="tower")
    left, right = keras.Input((64,)), keras.Input((64,))
    distance = layers.Lambda(euclidean, output_shape=(1,))([tower(left), tower(right)])
    model = keras.Model([left, right], distance)
    model.compile(keras.optimizers.RMSprop(1e-3), loss=contrastive_loss)
    return model.fit([a_train, b_train], s_train, batch_size=64, epochs=6,
                     validation_data=([a_val, b_val], s_val), callbacks=callbacks, verbose=2)
