"""Sort berry photographs from folders in batches of four; raw 0..255 pixels go in and a Rescaling layer in the model divides them."""
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras import layers

SIZE = 24
COLOURS = {"blueberry": (60, 70, 140), "cranberry": (170, 30, 45), "gooseberry": (140, 165, 70)}


def paint(colour, rng):
    yy, xx = np.mgrid[0:SIZE, 0:SIZE]
    cy, cx, radius = rng.uniform(9, 15), rng.uniform(9, 15), rng.uniform(5, 8)
    image = rng.normal(rng.uniform(150, 210), 14, (SIZE, SIZE, 3))
    inside = (yy - cy) ** 2 + (xx - cx) ** 2 < radius**2
    image[inside] = np.array(colour) * rng.uniform(0.75, 1.15) + rng.normal(0, 16, (inside.sum(), 3))
    return np.clip(image, 0, 255).astype("uint8")


def write_photos(root, per_kind=100):
    rng = np.random.default_rng(46)
    for name, colour in COLOURS.items():
        folder = root / name
        folder.mkdir(parents=True)
        for i in range(per_kind):
            tf.io.write_file(str(folder / f"{i:03d}.png"), tf.io.encode_png(paint(colour, rng)))


def run(callbacks):
    keras.utils.set_random_seed(46)
    with tempfile.TemporaryDirectory() as folder:
        write_photos(pathlib.Path(folder))
        train, val = keras.utils.image_dataset_from_directory(
            folder, label_mode="categorical", image_size=(SIZE, SIZE), batch_size=4, validation_split=0.2, subset="both", seed=1)
        model = keras.Sequential([
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.RandomFlip("horizontal_and_vertical"),
            layers.Conv2D(12, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(24, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(len(COLOURS), activation="softmax"),
        ], name="berries")
        model.compile(keras.optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
        model.fit(train, validation_data=val, epochs=8, callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
