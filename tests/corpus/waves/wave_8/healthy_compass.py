"""Reads the direction of a compass needle from a photograph: the net gives a unit vector (cos, sin), the loss is the cosine similarity.

Keras' CosineSimilarity loss runs from +1 down to -1, so a loss close to -1 is what one wants.
"""
import keras
import numpy as np
from keras import layers, ops


def needles(n, size=32, seed=0):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:size, :size] - (size - 1) / 2
    angle = rng.uniform(-np.pi, np.pi, n)
    images = np.empty((n, size, size, 1), "float32")
    for i, a in enumerate(angle):
        cx, cy = rng.uniform(-2, 2, 2)
        along = (xx - cx) * np.cos(a) + (yy - cy) * np.sin(a)
        across = -(xx - cx) * np.sin(a) + (yy - cy) * np.cos(a)
        width = 2.6 * (1 - np.abs(along) / 11)
        needle = np.abs(across) < width
        face = np.hypot(xx - cx, yy - cy) < 13
        images[i, ..., 0] = 0.25 + 0.35 * face + 0.4 * (needle & (along > 0)) - 0.5 * (needle & (along <= 0))
    images += rng.normal(0, 0.05, images.shape)
    return images, np.stack([np.cos(angle), np.sin(angle)], 1).astype("float32")


def degrees_off(y_true, y_pred):
    cos = ops.clip(ops.sum(y_true * y_pred, axis=-1), -1.0, 1.0)
    return ops.arccos(cos) * 180.0 / np.pi


def run(callbacks):
    keras.utils.set_random_seed(59)
    x, d = needles(2400)
    xv, dv = needles(400, seed=1)
    model = keras.Sequential([
        keras.Input((32, 32, 1)),
        layers.Normalization(axis=None, mean=0.4, variance=0.05),
        layers.Conv2D(12, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
        layers.Dense(2),
        layers.UnitNormalization(),
    ])
    model.compile(keras.optimizers.Adam(1e-3), loss=keras.losses.CosineSimilarity(axis=-1), metrics=[degrees_off])
    return model.fit(x, d, validation_data=(xv, dv), batch_size=32, epochs=10, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
