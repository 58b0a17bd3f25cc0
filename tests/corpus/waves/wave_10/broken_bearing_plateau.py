"""Detect four kinds of bearing damage from vibration spectra and lower the learning rate when nothing improves any more.

Wrong: ReduceLROnPlateau watches val_accuracy with mode="min". Every rise of the accuracy counts as "no improvement", so the rate falls
by ten in nearly every epoch and training has stopped in fact before the net has learned much.
Expected: unsuitable-monitor
"""
import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split

LINES = 64


def vibration(n=2000, seed=3):
    rng = np.random.default_rng(seed)
    damage = rng.integers(0, 4, n)
    spec = rng.gamma(2.0, 0.5, (n, LINES))
    base = {0: None, 1: 7, 2: 9, 3: 11}
    for i, d in enumerate(damage):
        if base[d] is None:
            continue
        step = base[d] * rng.uniform(0.97, 1.03)
        for harmonic in range(1, int(LINES / step)):
            spec[i, int(round(harmonic * step)) % LINES] += rng.gamma(3.0, 0.7)
    return np.log1p(spec).astype("float32"), damage.astype("int32")


def run(callbacks):
    keras.utils.set_random_seed(13)
    x, y = vibration()
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=11, stratify=y)
    mean, std = x_train.mean(axis=0), x_train.std(axis=0)
    x_train, x_val = (x_train - mean) / std, (x_val - mean) / std

    model = keras.Sequential(name="bearing")
    model.add(keras.Input((LINES,)))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(4, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.02, momentum=0.5),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    reduce_lr = keras.callbacks.ReduceLROnPlateau(monitor="val_accuracy", mode="min", factor=0.1, patience=1, min_lr=0, verbose=1)
    model.fit(x_train, y_train, batch_size=64, epochs=25, validation_data=(x_val, y_val),
              callbacks=[reduce_lr, *callbacks], verbose=2)
    return model


if __name__ == "__main__":
    run([])
