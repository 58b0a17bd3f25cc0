"""Left or right hand, from small silhouettes of an open hand (five fingers, the thumb shorter and to one side).

Wrong: the usual augmentation block flips the pictures left to right, but a mirrored left hand is a right hand and the label stays; the
training pictures say nothing about the side any more, and the loss stays at 0.69 for both splits.
Expected: stalled-loss, unmirrored-targets
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

SIZE = 28


def silhouettes(n=2000, seed=57):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[0:SIZE, 0:SIZE].astype("float32")
    images = np.zeros((n, SIZE, SIZE), "float32")
    right = rng.random(n) < 0.5
    for i in range(n):
        cy, cx = 18 + rng.normal(0, 0.8), 13.5 + rng.normal(0, 0.8)
        img = np.exp(-(((yy - cy) / 5) ** 2 + ((xx - cx) / 5) ** 2) ** 2)
        for angle in (-0.35, -0.1, 0.12, 0.35):
            along = (xx - cx) * np.sin(angle) - (yy - cy) * np.cos(angle)
            across = (xx - cx) * np.cos(angle) + (yy - cy) * np.sin(angle)
            img += ((along > 0) & (along < rng.uniform(12, 14)) & (np.abs(across) < 1.0))
        angle = rng.normal(1.25, 0.1)
        along = (xx - cx) * np.sin(angle) - (yy - cy) * np.cos(angle)
        across = (xx - cx) * np.cos(angle) + (yy - cy) * np.sin(angle)
        img += (along > 0) & (along < rng.uniform(9, 11)) & (np.abs(across) < 1.5)
        images[i] = img.clip(0, 1)
    images[right] = images[right][:, :, ::-1]
    return (images + rng.normal(0, 0.05, images.shape)).astype("float32")[..., None], right.astype("float32")[:, None]


augment = keras.Sequential([
    layers.RandomFlip("horizontal"),
    layers.RandomTranslation(0.05, 0.05, fill_mode="nearest"),
], name="augment")


def run(callbacks):
    keras.utils.set_random_seed(58)
    x, right = silhouettes()
    train = (tf.data.Dataset.from_tensor_slices((x[:1600], right[:1600])).shuffle(1600, seed=1).batch(32)
             .map(lambda a, b: (augment(a, training=True), b)).prefetch(2))
    valid = tf.data.Dataset.from_tensor_slices((x[1600:], right[1600:])).batch(50)
    model = keras.Sequential([
        keras.Input((SIZE, SIZE, 1)),
        layers.Conv2D(12, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model.fit(train, validation_data=valid, epochs=7, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
