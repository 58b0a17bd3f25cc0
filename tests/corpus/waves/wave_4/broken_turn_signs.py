"""Recognise which way a road sign points: left, right, up or down.

Wrong: the augmentation mirrors pictures left to right. A mirrored "left" sign is a
"right" sign but keeps its old label, so those two classes contradict each other
in training and are told apart only by luck.

Expected: none-fits
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

SIZE = 24


def sign(direction, rng):
    image = np.zeros((SIZE, SIZE), "float32")
    row = int(rng.integers(9, 15))
    start = int(rng.integers(2, 6))
    length = int(rng.integers(12, 16))
    image[row, start : start + length] = 1
    for k in range(5):
        image[row - k, start + k] = 1
        image[row + k, start + k] = 1
    image = np.rot90(image, k={"left": 0, "down": 1, "right": 2, "up": 3}[direction])
    return image * rng.uniform(0.6, 1) + rng.normal(0, 0.08, image.shape)


def signs(n, seed):
    rng = np.random.default_rng(seed)
    names = ["left", "right", "up", "down"]
    y = rng.integers(0, 4, n)
    x = np.stack([sign(names[k], rng) for k in y]).astype("float32")[..., None]
    return x, y


def run(callbacks):
    keras.utils.set_random_seed(13)
    x, y = signs(1600, 1)
    x_val, y_val = signs(400, 2)
    augment = keras.Sequential(
        [layers.RandomFlip("horizontal"), layers.RandomTranslation(0.08, 0.08)]
    )
    train = (
        tf.data.Dataset.from_tensor_slices((x, y))
        .shuffle(1600, seed=1)
        .batch(32)
        .map(lambda a, b: (augment(a, training=True), b))
        .prefetch(2)
    )
    val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 1)),
            layers.Conv2D(12, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(24, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model.fit(
        train, validation_data=val, epochs=8, callbacks=callbacks, verbose=2
    )


if __name__ == "__main__":
    run([])
