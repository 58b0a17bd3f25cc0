"""Classify the ring pattern on a 12-bit X-ray detector from 24x24 pixel frames.

Wrong: the frames hold 12-bit counts (0..4095). They are cast to uint8 "to save memory" before the division by 255, so
every count wraps around modulo 256: bright rings turn into noise with wrong brightness and the classes can hardly be told apart.

Expected: none-fits
"""
import numpy as np
import keras
from keras import layers
from sklearn.model_selection import train_test_split


def simulate(n, seed=3):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:24, :24]
    frames, kinds = [], []
    for _ in range(n):
        kind = rng.integers(0, 4)
        cx, cy = rng.uniform(9, 15, 2)
        r = np.hypot(xx - cx, yy - cy)
        radius = 3.0 + 2.0 * kind + rng.normal(0, 0.2)
        ring = 2400 * np.exp(-0.5 * ((r - radius) / 1.0) ** 2)
        background = rng.uniform(300, 700) + 8.0 * (xx - 12)
        counts = rng.poisson(np.clip(ring + background, 1, None))
        frames.append(np.clip(counts, 0, 4095))
        kinds.append(kind)
    return np.array(frames, dtype="uint16"), np.array(kinds)


def build():
    return keras.Sequential([
        layers.Input((24, 24, 1)),
        layers.Conv2D(12, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(24, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(4, activation="softmax"),
    ])


def run(callbacks):
    keras.utils.set_random_seed(11)
    frames, kinds = simulate(1600)
    images = frames.astype("uint8")[..., None]
    x = images.astype("float32") / 255.0
    x_train, x_test, y_train, y_test = train_test_split(x, kinds, test_size=0.25, random_state=0, stratify=kinds)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), batch_size=32, epochs=10,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
