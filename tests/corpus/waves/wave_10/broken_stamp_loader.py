"""Sort small stamp images with a PyDataset that reshuffles after each epoch.

Wrong: on_epoch_end shuffles the array of images but leaves the labels as they were. From the second epoch on the labels belong to
other images, and what was learned in the first epoch is lost again.
Expected: diverging-loss, stalled-loss
"""
import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class StampSequence(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size=32, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.images = images.copy()
        self.labels = labels.copy()
        self.batch_size = batch_size
        self.rng = np.random.default_rng(seed)

    def __len__(self):
        return int(np.ceil(len(self.images) / self.batch_size))

    def __getitem__(self, index):
        part = slice(index * self.batch_size, (index + 1) * self.batch_size)
        batch = self.images[part]
        noise = self.rng.normal(0, 0.02, batch.shape).astype("float32")
        return batch + noise, self.labels[part]

    def on_epoch_end(self):
        self.rng.shuffle(self.images)


def run(callbacks):
    keras.utils.set_random_seed(3)
    x, y = load_digits(return_X_y=True)
    x = x.reshape(-1, 8, 8, 1).astype("float32") / 16.0
    x_train, x_val, y_train, y_val = train_test_split(x, y.astype("int32"), test_size=0.2, random_state=2)
    model = keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(24, 3, activation="relu"),
        layers.Conv2D(48, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(64, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(StampSequence(x_train, y_train, batch_size=16), epochs=12, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
