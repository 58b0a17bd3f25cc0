"""Recognises six whistled commands from log spectrograms.

Wrong: sounds and labels are shuffled by two separate calls, so a sound no longer has its own label and there is nothing to learn.
Expected: stalled-loss
"""
import keras
import numpy as np
from keras import layers

RATE = 4000
COMMANDS = ["up", "down", "left", "right", "stop", "go"]


def whistle(rng, kind):
    t = np.arange(RATE // 2) / RATE
    base = rng.uniform(500, 700)
    path = {
        0: base + 900 * t, 1: base + 450 - 900 * t, 2: np.full_like(t, base),
        3: base + 150 * np.sin(2 * np.pi * 6 * t), 4: base * (1 + (t > 0.25)), 5: base * (2 - (t > 0.25)),
    }[kind]
    wave = np.sin(2 * np.pi * np.cumsum(path) / RATE)
    return (wave * rng.uniform(0.3, 1.0) + rng.normal(0, 0.2, len(t))).astype("float32")


def log_spectrogram(waves, frame=128, step=64):
    n = 1 + (waves.shape[1] - frame) // step
    idx = np.arange(frame)[None, :] + step * np.arange(n)[:, None]
    power = np.abs(np.fft.rfft(waves[:, idx] * np.hanning(frame), axis=-1)) ** 2
    out = np.log(power + 1e-4)
    return ((out - out.mean()) / out.std()).astype("float32")[..., None]


def load():
    rng = np.random.default_rng(21)
    labels = np.repeat(np.arange(len(COMMANDS)), 300)
    waves = np.stack([whistle(rng, k) for k in labels])
    rng.shuffle(waves)
    rng.shuffle(labels)
    return log_spectrogram(waves), labels


def run(callbacks):
    keras.utils.set_random_seed(1)
    x, y = load()
    model = keras.Sequential([
        keras.Input(x.shape[1:]),
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Conv2D(32, 3, strides=2, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(32, activation="relu"),
        layers.Dense(len(COMMANDS), activation="softmax"),
    ])
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x[:1500], y[:1500], batch_size=32, epochs=10, validation_data=(x[1500:], y[1500:]),
                     callbacks=callbacks, verbose=2)
