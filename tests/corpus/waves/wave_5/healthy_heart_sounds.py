"""Tells heart murmurs from decibel spectrograms (-90 to 0) with a Normalization per frequency band inside the model."""
import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split

RATE = 1000


def heart(rng, kind, seconds=2.0):
    n = int(RATE * seconds)
    t = np.arange(n) / RATE
    rate = rng.uniform(0.9, 1.4)
    phase = (t * rate + rng.random()) % 1.0 / rate
    s1 = np.exp(-((phase - 0.1) / 0.02) ** 2) * np.sin(2 * np.pi * 45 * t)
    s2 = 0.7 * np.exp(-((phase - 0.4) / 0.015) ** 2) * np.sin(2 * np.pi * 70 * t)
    noise = rng.normal(0, 1, n)
    systole = np.exp(-((phase - 0.25) / 0.05) ** 2)
    diastole = np.exp(-((phase - 0.55) / 0.07) ** 2)
    murmur = [0, systole, diastole][kind] * noise * rng.uniform(0.1, 0.3)
    return (s1 + s2 + murmur + rng.normal(0, 0.03, n)) * rng.uniform(0.05, 1.0)


def decibels(waves, frame=100, step=25):
    count = 1 + (waves.shape[1] - frame) // step
    idx = np.arange(frame)[None] + step * np.arange(count)[:, None]
    power = np.abs(np.fft.rfft(waves[:, idx] * np.hanning(frame), axis=-1)) ** 2
    power /= power.max(axis=(1, 2), keepdims=True)
    return np.maximum(10 * np.log10(power + 1e-12), -90).astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(14)
    rng = np.random.default_rng(114)
    y = rng.choice(3, 1200, p=[0.5, 0.3, 0.2])
    x = decibels(np.stack([heart(rng, k) for k in y]))
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, stratify=y, random_state=1)
    bands = layers.Normalization(axis=-1)
    bands.adapt(x_train)
    model = keras.Sequential([
        keras.Input(x.shape[1:]),
        bands,
        layers.SpatialDropout1D(0.1),
        layers.Conv1D(32, 5, activation="relu", padding="same"),
        layers.MaxPooling1D(2),
        layers.Conv1D(32, 5, activation="relu", padding="same"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3),
    ])
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    return model.fit(x_train, y_train, batch_size=32, epochs=12, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
