"""Estimate how many people are at home from a day of electricity readings.

Wrong: on_epoch_end of the PyDataset shuffles the readings but not the head counts,
so from the second epoch on each day comes with the count of some other day. What
was learned in the first epoch is unlearned, down to predicting the mean.

Expected: stalled-loss
"""
import keras
import numpy as np
from keras import layers


def days(n, seed):
    rng = np.random.default_rng(seed)
    people = rng.integers(0, 6, n)
    quarter = np.arange(96)
    morning = np.exp(-((quarter - 29) ** 2) / 30)
    evening = np.exp(-((quarter - 78) ** 2) / 90)
    use = 0.25 + 0.12 * rng.random((n, 96))
    use += people[:, None] * (0.3 * morning + 0.5 * evening) * rng.uniform(0.8, 1.2, (n, 1))
    return use.astype("float32")[..., None], people.astype("float32")


class Meter(keras.utils.PyDataset):
    def __init__(self, x, y, batch_size=32, shuffle=True, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y = x, y
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.rng = np.random.default_rng(0)

    def __len__(self):
        return int(np.ceil(len(self.x) / self.batch_size))

    def __getitem__(self, i):
        part = slice(i * self.batch_size, (i + 1) * self.batch_size)
        return self.x[part], self.y[part]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.x)


def run(callbacks):
    keras.utils.set_random_seed(14)
    train = Meter(*days(1500, 1))
    val = Meter(*days(300, 2), shuffle=False)
    model = keras.Sequential(
        [
            keras.Input((96, 1)),
            layers.AveragePooling1D(4),
            layers.Conv1D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
    return model.fit(
        train, validation_data=val, epochs=8, callbacks=callbacks, verbose=2
    )


if __name__ == "__main__":
    run([])
