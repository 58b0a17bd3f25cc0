"""Sort dark, low-contrast scans of postmarks; raw bytes go in, the model rescales them."""
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image

MARKS = {"ring": 150, "bars": 90, "wave": 60}


def scan(mark, rng, size=28):
    yy, xx = np.mgrid[0:size, 0:size]
    cx, cy = rng.uniform(11, 17, 2)
    if mark == "ring":
        ink = np.abs(np.hypot(xx - cx, yy - cy) - rng.uniform(6, 9)) < 1.2
    elif mark == "bars":
        ink = (yy + int(cy)) % 6 < 2
    else:
        ink = (yy + 3 * np.sin((xx + cx) / 3)) % 7 < 2
    image = 62 - 26 * ink + rng.normal(0, 6, (size, size))
    return Image.fromarray(image.clip(0, 255).astype("uint8"))


def run(callbacks):
    keras.utils.set_random_seed(56)
    rng = np.random.default_rng(11)
    with tempfile.TemporaryDirectory() as tmp:
        for part, share in (("fit", 1.0), ("check", 0.3)):
            for mark, n in MARKS.items():
                folder = pathlib.Path(tmp) / part / mark
                folder.mkdir(parents=True)
                for i in range(int(n * share)):
                    scan(mark, rng).save(folder / f"{i}.png")

        def load(part, shuffle):
            data = keras.utils.image_dataset_from_directory(
                f"{tmp}/{part}", class_names=list(MARKS), color_mode="grayscale",
                image_size=(28, 28), batch_size=None, shuffle=shuffle, seed=2,
            )
            return data.map(lambda x, y: (tf.cast(x, tf.uint8), y)).cache()

        train = load("fit", True).shuffle(300, seed=1).repeat().batch(12).prefetch(2)
        check = load("check", False).batch(30)
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1), dtype="uint8"),
                layers.Rescaling(1 / 15.0, offset=-55 / 15.0),
                layers.RandomTranslation(0.05, 0.05, fill_mode="nearest"),
                layers.Conv2D(16, 5, strides=2, activation="relu"),
                layers.Conv2D(24, 3, strides=2, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile(
            keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        # the rarer marks count more
        weights = {i: 100 / n for i, n in enumerate(MARKS.values())}
        return model.fit(
            train, steps_per_epoch=25, epochs=8, validation_data=check,
            class_weight=weights, callbacks=callbacks, verbose=2,
        )


if __name__ == "__main__":
    run([])
