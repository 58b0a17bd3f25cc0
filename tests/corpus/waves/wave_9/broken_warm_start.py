"""Trains a net on the digits 0 to 4, then moves its body to the digits 5 to 9 under a new head.

Wrong: the freezing is done on the whole new model (after the new head was added), not on the body; nothing is left to train, and the
random head stays random.
Expected: frozen-model
"""
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_digits


def body():
    return keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
    ], name="body")


def split(x, y, digits, rng):
    keep = np.flatnonzero(np.isin(y, digits))
    rng.shuffle(keep)
    cut = int(0.8 * len(keep))
    low = min(digits)
    return (x[keep[:cut]], y[keep[:cut]] - low), (x[keep[cut:]], y[keep[cut:]] - low)


def run(callbacks):
    keras.utils.set_random_seed(61)
    rng = np.random.default_rng(61)
    data = load_digits()
    x = (data.images / 16.0).astype("float32")[..., None]
    y = data.target

    (xs, ys), _ = split(x, y, range(5), rng)
    features = body()
    source = keras.Sequential([features, layers.Dense(5, activation="softmax")])
    source.compile("adam", "sparse_categorical_crossentropy")
    source.fit(xs, ys, epochs=4, batch_size=16, verbose=0)

    (xt, yt), valid = split(x, y, range(5, 10), rng)
    target = keras.Sequential([
        keras.Input((8, 8, 1)),
        features,
        layers.Dropout(0.2),
        layers.Dense(5, activation="softmax", name="new_head"),
    ])
    for layer in target.layers:
        layer.trainable = False
    target.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return target.fit(xt, yt, validation_data=valid, batch_size=16, epochs=6, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
