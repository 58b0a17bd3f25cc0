"""Tells five bird calls apart by their spectrograms (generated sound), with a decaying learning rate.

Wrong: ``decay_steps=1`` with ``decay_rate=0.9`` was meant as "ten per cent less after each epoch", but a schedule counts optimizer
steps, not epochs. After the first epoch (50 steps) the rate is at 0.5 % of its start, after the second practically zero; the loss freezes.

Expected: learning-rate-too-low
"""
import keras
import numpy as np
from keras import layers

RATE, SPECIES = 4000, 5


def call(species, rng):
    t = np.arange(int(0.5 * RATE)) / RATE
    base = rng.uniform(550, 750)
    if species == 0:
        f = base + 500 * t
    elif species == 1:
        f = base + 250 - 500 * t
    elif species == 2:
        f = base + 120 * np.sin(2 * np.pi * 9 * t)
    elif species == 3:
        f = np.where((t * 8).astype(int) % 2 == 0, base, base + 200)
    else:
        f = np.full_like(t, base + 100)
    wave = np.sin(2 * np.pi * np.cumsum(f) / RATE) * np.hanning(len(t))
    return wave + rng.normal(0, 0.4, len(t))


def log_spectrogram(wave, frame=128, hop=64):
    frames = np.lib.stride_tricks.sliding_window_view(wave, frame)[::hop] * np.hanning(frame)
    return np.log(np.abs(np.fft.rfft(frames, axis=1))[:, :48] + 1e-3)


def run(callbacks):
    keras.utils.set_random_seed(27)
    rng = np.random.default_rng(27)
    labels = rng.integers(0, SPECIES, 2000)
    specs = np.stack([log_spectrogram(call(s, rng)) for s in labels]).astype("float32")[..., None]
    mean, std = specs[:1600].mean(), specs[:1600].std()
    specs = (specs - mean) / std

    model = keras.Sequential([
        keras.Input(specs.shape[1:]),
        layers.Conv2D(12, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(SPECIES, activation="softmax"),
    ])
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, decay_steps=1, decay_rate=0.9)
    model.compile(keras.optimizers.Adam(learning_rate=schedule), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(specs[:1600], labels[:1600], validation_data=(specs[1600:], labels[1600:]),
                     batch_size=32, epochs=12, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
