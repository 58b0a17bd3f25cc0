"""Read a round pressure dial (sine and cosine of the needle) from 32x32 camera pictures through tf.data.

Wrong: only the training pipeline divides the pixels by 255. The validation data set goes through another branch and keeps
0..255, so the validation error is far above the training error and says nothing about the reader.

Expected: train-validation-skew
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers


def photograph(n, seed):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:32, :32] - 15.5
    radius = np.hypot(xx, yy)
    pictures = np.empty((n, 32, 32, 1), dtype="uint8")
    angles = rng.uniform(-np.pi, np.pi, n)
    for i, a in enumerate(angles):
        across = np.abs(xx * np.sin(a) - yy * np.cos(a))
        along = xx * np.cos(a) + yy * np.sin(a)
        needle = (across < 1.2) & (along > 0) & (along < 12)
        rim = np.abs(radius - 14) < 1
        light = rng.uniform(140, 220)
        image = np.full((32, 32), light)
        image[rim] = 60
        image[needle] = 20
        pictures[i, ..., 0] = np.clip(image + rng.normal(0, 8, image.shape), 0, 255)
    return pictures, np.stack([np.sin(angles), np.cos(angles)], axis=1).astype("float32")


def scale(image, direction):
    return tf.cast(image, tf.float32) / 255.0, direction


def to_float(image, direction):
    return tf.cast(image, tf.float32), direction


def pipeline(pictures, directions, training):
    data = tf.data.Dataset.from_tensor_slices((pictures, directions))
    if training:
        data = data.shuffle(len(pictures), seed=0).map(scale)
    else:
        data = data.map(to_float)
    return data.batch(32).prefetch(2)


def run(callbacks):
    keras.utils.set_random_seed(13)
    train = pipeline(*photograph(1600, 1), training=True)
    valid = pipeline(*photograph(300, 2), training=False)
    model = keras.Sequential([
        layers.Input((32, 32, 1)),
        layers.Conv2D(12, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
        layers.Dense(2, activation="tanh"),
    ])
    model.compile(keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
    return model.fit(train, validation_data=valid, epochs=8, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    history = run([]).history
    print(history["mae"], history["val_mae"])
