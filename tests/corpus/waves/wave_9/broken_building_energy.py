"""Monthly energy use of office buildings in kWh, read batch by batch from a PyDataset.

Wrong: the target is left in kWh (100,000 to 900,000) while the net has a plain linear unit, Adam at 1e-3 and MSE; the output creeps up
from zero by tiny steps and after all epochs still predicts a small part of the real use, worse than answering with the mean.
Expected: unscaled-target
"""
import numpy as np
import keras
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def buildings(n=4000, seed=21):
    rng = np.random.default_rng(seed)
    area = rng.gamma(6.0, 500.0, n)
    floors = rng.integers(2, 25, n)
    glass = rng.uniform(0.1, 0.9, n)
    degree_days = rng.normal(320, 90, n).clip(20)
    staff = area / rng.uniform(12, 25, n)
    kwh = 60 * area + 95 * area * glass + 0.18 * area * degree_days + 350 * staff + 900 * floors
    kwh *= rng.normal(1.0, 0.05, n)
    return np.stack([area, floors, glass, degree_days, staff], 1), kwh


class Meters(keras.utils.PyDataset):
    def __init__(self, x, y, batch=64, shuffle=True, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y, self.batch, self.shuffle = x, y, batch, shuffle
        self.order = np.arange(len(x))
        self.on_epoch_end()

    def __len__(self):
        return int(np.ceil(len(self.x) / self.batch))

    def __getitem__(self, i):
        rows = self.order[i * self.batch:(i + 1) * self.batch]
        return self.x[rows].astype("float32"), self.y[rows].astype("float32")

    def on_epoch_end(self):
        if self.shuffle:
            np.random.shuffle(self.order)


def run(callbacks):
    keras.utils.set_random_seed(3)
    x, y = buildings()
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=8)
    scaler = StandardScaler().fit(x_train)
    train = Meters(scaler.transform(x_train), y_train)
    valid = Meters(scaler.transform(x_val), y_val, shuffle=False)

    model = keras.Sequential([
        keras.Input(shape=(5,)),
        layers.Dense(64, activation="gelu"),
        layers.Dense(64, activation="gelu"),
        layers.Dense(1),
    ])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
    return model.fit(train, validation_data=valid, epochs=12, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
