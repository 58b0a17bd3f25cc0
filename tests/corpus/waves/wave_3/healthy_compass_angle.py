"""Reads the direction of a needle in a picture as a unit vector; the cosine loss goes from 0 down to -1."""
import numpy as np
import keras
from keras import layers
from PIL import Image, ImageDraw

S = 36


def dial(angle, rng):
    img = Image.new("L", (S * 2, S * 2), int(rng.integers(190, 240)))
    pen = ImageDraw.Draw(img)
    cx, cy = S + rng.normal(0, 3), S + rng.normal(0, 3)
    dx, dy = np.cos(angle), np.sin(angle)
    tip = (cx + 26 * dx, cy + 26 * dy)
    pen.line([cx - 14 * dx, cy - 14 * dy, *tip], fill=60, width=3)
    pen.polygon([tip, (cx + 14 * dx - 7 * dy, cy + 14 * dy + 7 * dx), (cx + 14 * dx + 7 * dy, cy + 14 * dy - 7 * dx)],
                fill=20)
    a = np.asarray(img.resize((S, S)), "float32") + rng.normal(0, 8, (S, S))
    return a / 255.0


def dials(n, seed):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(-np.pi, np.pi, n)
    x = np.stack([dial(a, rng) for a in angle]).astype("float32")[..., None]
    return 1.0 - x, np.stack([np.cos(angle), np.sin(angle)], 1).astype("float32")


def degrees_off(y_true, y_pred):
    y_pred = y_pred / (keras.ops.norm(y_pred, axis=-1, keepdims=True) + 1e-7)
    cosine = keras.ops.clip(keras.ops.sum(y_true * y_pred, axis=-1), -1.0, 1.0)
    return keras.ops.arccos(cosine) * (180.0 / np.pi)


def run(callbacks):
    keras.utils.set_random_seed(61)
    x, y = dials(1800, 1)
    vx, vy = dials(300, 2)
    model = keras.Sequential([
        keras.Input((S, S, 1)),
        layers.Conv2D(12, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(2),
        layers.UnitNormalization(),
    ])
    model.compile(optimizer="adam", loss=keras.losses.CosineSimilarity(), metrics=[degrees_off])
    return model.fit(x, y, validation_data=(vx, vy), batch_size=36, epochs=6, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
