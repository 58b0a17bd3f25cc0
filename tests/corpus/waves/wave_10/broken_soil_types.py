"""Classify soil samples into six types from near infrared spectra.

Wrong: the soil types are one-hot coded with to_categorical, but the loss is sparse_categorical_crossentropy, which takes class numbers;
the first step stops with an error about the ranks of target and output.
Raises: ValueError
Expected: label-loss-mismatch, shape-mismatch, program-error
"""
import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split

TYPES = ["chernozem", "gley", "loess", "podzol", "rendzina", "sand"]
BANDS = 120


def spectra(n=1500, seed=5):
    rng = np.random.default_rng(seed)
    wave = np.linspace(0, 1, BANDS)
    kind = rng.integers(0, len(TYPES), n)
    centres = np.linspace(0.15, 0.85, len(TYPES))
    base = 0.4 + 0.3 * wave[None, :] * rng.uniform(0.7, 1.3, (n, 1))
    dip = np.exp(-((wave[None, :] - centres[kind][:, None]) / 0.06) ** 2)
    light = rng.uniform(0.9, 1.1, (n, 1))
    out = light * (base - 0.12 * dip) + rng.normal(0, 0.02, (n, BANDS))
    return out.astype("float32"), kind


def snv(x):
    return (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)


def run(callbacks):
    keras.utils.set_random_seed(19)
    x, kind = spectra()
    x = snv(x)[..., None]
    y = keras.utils.to_categorical(kind, num_classes=len(TYPES))
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=9, stratify=kind)

    spectrum = keras.Input((BANDS, 1), name="spectrum")
    h = layers.Conv1D(16, 9, strides=2, activation="relu", name="c1")(spectrum)
    h = layers.Conv1D(32, 9, strides=2, activation="relu", name="c2")(h)
    h = layers.Flatten(name="f")(h)
    h = layers.Dense(48, activation="relu", name="d")(h)
    soil = layers.Dense(len(TYPES), activation="softmax", name="soil")(h)
    model = keras.Model(spectrum, soil)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=10, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
