"""Bird calls from spectrograms in decibel (-80 to 0): the model takes them as they are and normalises them in its first layer."""
import numpy as np
import keras
from keras import layers
from scipy.signal import spectrogram

RATE, KINDS = 4000, 5


def call_of(kind, rng):
    t = np.arange(RATE // 2) / RATE
    low = 400 + 250 * kind
    if kind % 2:
        freq = low + 300 * t / t[-1]
    else:
        freq = low + 80 * np.sin(2 * np.pi * 6 * t)
    freq = freq * rng.normal(1, 0.03)
    wave = np.sin(2 * np.pi * np.cumsum(freq) / RATE) * np.exp(-((t - rng.uniform(0.15, 0.35)) / 0.1) ** 2)
    return wave + rng.normal(0, rng.uniform(0.02, 0.25), len(t))


def decibel(wave):
    _, _, power = spectrogram(wave, RATE, nperseg=128, noverlap=64)
    db = 10 * np.log10(power + 1e-12)
    return np.clip(db - db.max(), -80, 0)


def run(callbacks):
    keras.utils.set_random_seed(95)
    rng = np.random.default_rng(95)
    kind = rng.integers(0, KINDS, 1500)
    x = np.stack([decibel(call_of(k, rng)) for k in kind]).astype("float32")[..., None]
    norm = layers.Normalization(axis=None)
    norm.adapt(x[:1200])
    inp = keras.Input(x.shape[1:], name="decibel")
    h = norm(inp)
    h = layers.SeparableConv2D(24, (5, 3), activation="relu")(h)
    h = layers.MaxPooling2D((2, 2))(h)
    h = layers.SeparableConv2D(32, 3, activation="relu")(h)
    h = layers.MaxPooling2D((2, 2))(h)
    h = layers.Flatten()(h)
    h = layers.Dropout(0.3)(h)
    out = layers.Dense(KINDS, activation="softmax")(h)
    model = keras.Model(inp, out)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x[:1200], kind[:1200], batch_size=24, epochs=6, validation_data=(x[1200:], kind[1200:]), callbacks=callbacks,
                     verbose=2)


if __name__ == "__main__":
    run([])
