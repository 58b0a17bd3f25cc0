"""Keyword spotting on short WAV clips with a 1-D convolution net.
Wrong: wavfile.read returns int16 samples and they are only cast to float32, never divided by 32768, so the network
gets values in the thousands; the first losses are in the hundreds and the validation loss ends far above that of guessing.
Expected: unnormalized-input, initial-loss-off
"""
import os
import tempfile

import keras
import numpy as np
from keras import layers
from scipy.io import wavfile

RATE = 4000
WORDS = ["up", "down", "stop", "noise"]


def speak(word, rng):
    t = np.arange(RATE // 2) / RATE
    f = rng.uniform(250, 400)
    if word == "up":
        s = np.sin(2 * np.pi * (f * t + 500 * t ** 2))
    elif word == "down":
        s = np.sin(2 * np.pi * ((f + 500) * t - 500 * t ** 2))
    elif word == "stop":
        s = np.sin(2 * np.pi * f * t) * (np.sin(2 * np.pi * 8 * t) > 0)
    else:
        s = rng.normal(0, 0.5, t.size)
    s = rng.uniform(0.3, 0.9) * s + rng.normal(0, 0.05, t.size)
    return (np.clip(s, -1, 1) * 32767).astype(np.int16)


def write_corpus(root, n=130):
    rng = np.random.default_rng(5)
    for w in WORDS:
        os.makedirs(os.path.join(root, w))
        for i in range(n):
            wavfile.write(os.path.join(root, w, f"{i:04d}.wav"), RATE, speak(w, rng))


def read_corpus(root):
    xs, ys = [], []
    for k, w in enumerate(WORDS):
        folder = os.path.join(root, w)
        for name in sorted(os.listdir(folder)):
            _, pcm = wavfile.read(os.path.join(folder, name))
            xs.append(pcm.astype("float32"))
            ys.append(k)
    x, y = np.stack(xs)[..., None], np.array(ys)
    p = np.random.default_rng(0).permutation(len(x))
    return x[p], y[p]


def run(callbacks):
    keras.utils.set_random_seed(3)
    with tempfile.TemporaryDirectory() as root:
        write_corpus(root)
        x, y = read_corpus(root)
    n = int(0.8 * len(x))
    model = keras.Sequential([
        keras.Input((RATE // 2, 1)),
        layers.Conv1D(16, 32, strides=8, activation="relu"),
        layers.Conv1D(32, 9, strides=4, activation="relu"),
        layers.Conv1D(32, 5, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(len(WORDS), activation="softmax"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:n], y[:n], validation_data=(x[n:], y[n:]), batch_size=16, epochs=8, verbose=2, callbacks=callbacks)
    return model
