"""Finds a digit on a noisy canvas: is there one, which one, and its box. Empty canvases weigh nothing in two losses."""
import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

SIDE = 24


def canvases(images, labels, n, rng):
    x = rng.uniform(0, 0.2, (n, SIDE, SIDE, 1)).astype("float32")
    there, kind, box = np.zeros((n, 1), "float32"), np.zeros(n, "int32"), np.zeros((n, 4), "float32")
    for i in range(n):
        if rng.random() < 0.25:
            continue
        k = rng.integers(len(images))
        factor = int(rng.integers(1, 3))
        digit = np.kron(images[k], np.ones((factor, factor)))
        side = 8 * factor
        top, left = rng.integers(0, SIDE - side + 1, 2)
        patch = x[i, top:top + side, left:left + side, 0]
        x[i, top:top + side, left:left + side, 0] = np.maximum(patch, digit)
        there[i], kind[i] = 1, labels[k]
        box[i] = np.array([top, left, top + side, left + side]) / SIDE
    y = {"there": there, "kind": kind, "box": box}
    weight = {"there": np.ones(n, "float32"), "kind": there[:, 0], "box": there[:, 0]}
    return x, y, weight


def run(callbacks):
    keras.utils.set_random_seed(18)
    rng = np.random.default_rng(118)
    data = load_digits()
    images = data.images / 16.0
    x, y, w = canvases(images[:1400], data.target[:1400], 3200, rng)
    x_val, y_val, w_val = canvases(images[1400:], data.target[1400:], 600, rng)

    inp = keras.Input((SIDE, SIDE, 1))
    h = layers.Conv2D(24, 5, strides=2, padding="same", activation="relu")(inp)
    h = layers.Conv2D(48, 3, padding="same", activation="relu")(h)
    h = layers.MaxPooling2D()(h)
    h = layers.Conv2D(64, 3, padding="same", activation="relu")(h)
    h = layers.Flatten()(h)
    h = layers.Dense(128, activation="relu")(h)
    outputs = {
        "there": layers.Dense(1, activation="sigmoid", name="there")(h),
        "kind": layers.Dense(10, activation="softmax", name="kind")(h),
        "box": layers.Dense(4, activation="sigmoid", name="box")(h),
    }
    model = keras.Model(inp, outputs)
    model.compile(keras.optimizers.Adam(1.5e-3),
                  loss={"there": "binary_crossentropy", "kind": "sparse_categorical_crossentropy", "box": "mse"},
                  loss_weights={"there": 1.0, "kind": 1.0, "box": 10.0},
                  weighted_metrics={"there": ["accuracy"], "kind": ["accuracy"], "box": ["mae"]})
    return model.fit(x, y, sample_weight=w, batch_size=64, epochs=9, validation_data=(x_val, y_val, w_val),
                     callbacks=callbacks, verbose=2)
