"""Tell four synthetic bird calls apart from log spectrograms of short clips.

Wrong: recordings shorter than the clip are padded with digital silence and the
power spectrogram goes through a bare np.log, so padded frames become -inf. One
such clip turns the weights of the convolutions into NaN; ReLU and the maximum hide
that, so the loss merely stays at ln 4 for ever.

Expected: non-finite-input
"""
import keras
import numpy as np
from keras import layers

RATE = 4000
CLIP = 2048
BIRDS = ["chiffchaff", "cuckoo", "wren", "owl"]


def call(kind, rng):
    length = int(rng.integers(1500, 2600))
    t = np.arange(length) / RATE
    f = rng.normal(1.0, 0.04)
    if kind == 0:
        wave = np.sin(2 * np.pi * 900 * f * t) * (np.sin(2 * np.pi * 9 * t) > 0)
    elif kind == 1:
        wave = np.sin(2 * np.pi * np.where(t < t[-1] / 2, 700, 550) * f * t)
    elif kind == 2:
        wave = np.sin(2 * np.pi * (600 * t + 1200 * t**2) * f)
    else:
        wave = np.sin(2 * np.pi * 250 * f * t) * np.exp(-3 * t)
    return wave + 0.1 * rng.normal(size=length)


def spectrogram(wave, size=128, hop=64):
    clip = np.zeros(CLIP)
    clip[: min(len(wave), CLIP)] = wave[:CLIP]
    frames = np.lib.stride_tricks.sliding_window_view(clip, size)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    with np.errstate(divide="ignore"):
        return np.log(power)


def load(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, len(BIRDS), n)
    x = np.stack([spectrogram(call(k, rng)) for k in y])
    return (x / 10.0).astype("float32")[..., None], y


def run(callbacks):
    keras.utils.set_random_seed(4)
    x, y = load(900, 1)
    x_val, y_val = load(200, 2)
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(len(BIRDS), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(
        x, y, batch_size=32, epochs=5, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
