"""Sorts photographs of parts into scratched / dented / fine from a folder of PNG files.
Wrong: the data set is divided by 255 in the map AND the model starts with Rescaling(1/127.5, offset=-1); every picture
arrives as almost exactly -1 everywhere, so there is next to nothing left to learn from.
Expected: double-scaled-input
"""
import pathlib
import tempfile

import keras
import numpy as np
from keras import layers
from PIL import Image, ImageDraw

KINDS = ("dented", "fine", "scratched")


def draw(kind, rng):
    base = int(rng.integers(90, 160))
    img = Image.fromarray(np.clip(rng.normal(base, 12, (40, 40, 3)), 0, 255).astype("uint8"))
    d = ImageDraw.Draw(img)
    x, y = rng.integers(8, 24, 2)
    if kind == "scratched":
        d.line([int(x) - 6, int(y), int(x) + 12, int(y) + int(rng.integers(-8, 9))], fill=(235, 235, 235), width=2)
    elif kind == "dented":
        d.ellipse([int(x), int(y), int(x) + 9, int(y) + 9], fill=(base - 60,) * 3)
    return img


def make_folder(root, n=140):
    rng = np.random.default_rng(11)
    for kind in KINDS:
        (root / kind).mkdir()
        for i in range(n):
            draw(kind, rng).save(root / kind / f"{kind}_{i}.png")


def build():
    inputs = keras.Input((40, 40, 3))
    x = layers.Rescaling(1.0 / 127.5, offset=-1)(inputs)      # the backbone wants [-1, 1]
    for width in (16, 32, 32):
        x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.GlobalMaxPooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(inputs, layers.Dense(3, activation="softmax")(x))


def run(callbacks):
    keras.utils.set_random_seed(0)
    with tempfile.TemporaryDirectory() as tmp:
        root = pathlib.Path(tmp)
        make_folder(root)
        kw = dict(image_size=(40, 40), batch_size=16, validation_split=0.2, seed=1, verbose=False)
        train = keras.utils.image_dataset_from_directory(str(root), subset="training", **kw)
        val = keras.utils.image_dataset_from_directory(str(root), subset="validation", **kw)
        train = train.map(lambda x, y: (x / 255.0, y)).cache()
        val = val.map(lambda x, y: (x / 255.0, y)).cache()
        model = build()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(train, validation_data=val, epochs=8, verbose=2, callbacks=callbacks)
    return model
