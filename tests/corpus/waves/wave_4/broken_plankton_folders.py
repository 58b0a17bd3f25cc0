"""Classify small microscope pictures of plankton read from folders.

Wrong: the validation folder has no pictures of one class, so the loader numbers
its remaining classes 0..2 while the training folder has them as 0, 2 and 3. Two of
the three validation classes are scored against the wrong label.

Expected: train-validation-skew
"""
import pathlib
import tempfile

import keras
import numpy as np
from keras import layers
from PIL import Image

KINDS = ["algae", "copepod", "diatom", "radiolaria"]


def picture(kind, rng, size=32):
    yy, xx = np.mgrid[0:size, 0:size]
    cx, cy = rng.uniform(11, 21, 2)
    r = np.hypot(xx - cx, yy - cy)
    angle = np.arctan2(yy - cy, xx - cx) + rng.uniform(0, 6)
    radius = rng.uniform(6, 9)
    if kind == "algae":
        body = r < radius
    elif kind == "copepod":
        body = np.abs(np.sin(angle)) * r < 2.5
    elif kind == "diatom":
        body = (r < radius) & (r > radius - 2.5)
    else:
        body = r < radius * (0.6 + 0.5 * np.cos(5 * angle))
    image = 60 + 120 * body + rng.normal(0, 15, (size, size))
    return Image.fromarray(image.clip(0, 255).astype("uint8"))


def write(root, counts, seed):
    rng = np.random.default_rng(seed)
    for kind, n in counts.items():
        folder = root / kind
        folder.mkdir(parents=True)
        for i in range(n):
            picture(kind, rng).save(folder / f"{i:04d}.png")


def run(callbacks):
    keras.utils.set_random_seed(7)
    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        write(tmp / "train", dict.fromkeys(KINDS, 180), 1)
        write(tmp / "cruise2", {"algae": 60, "diatom": 60, "radiolaria": 60}, 2)
        load = keras.utils.image_dataset_from_directory
        options = dict(image_size=(32, 32), color_mode="grayscale", batch_size=24)
        train = load(str(tmp / "train"), seed=1, **options).cache()
        val = load(str(tmp / "cruise2"), shuffle=False, **options).cache()
        model = keras.Sequential(
            [
                keras.Input((32, 32, 1)),
                layers.Rescaling(1 / 127.5, offset=-1),
                layers.Conv2D(16, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(len(KINDS), activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model.fit(
            train, validation_data=val, epochs=7, callbacks=callbacks, verbose=2
        )


if __name__ == "__main__":
    run([])
