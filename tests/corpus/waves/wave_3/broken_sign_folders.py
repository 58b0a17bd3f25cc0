"""Small convnet on drawn workshop signs, read with image_dataset_from_directory from train/ and val/.
Wrong: nobody drew "cross" signs for val/, so that folder is missing there and the inferred class numbers of the later classes move down by one: squares and triangles are validated against the wrong label.
Expected: train-validation-skew
"""
import os
import tempfile

import numpy as np
import keras
from keras import layers
from PIL import Image, ImageDraw

SIZE = 32


def draw(kind, rng):
    img = Image.new("L", (SIZE, SIZE), int(rng.integers(0, 60)))
    d = ImageDraw.Draw(img)
    cx, cy = rng.integers(12, 20, 2)
    r = int(rng.integers(6, 11))
    ink = int(rng.integers(140, 255))
    if kind == "circle":
        d.ellipse([cx - r, cy - r, cx + r, cy + r], fill=ink)
    elif kind == "cross":
        d.line([cx - r, cy - r, cx + r, cy + r], fill=ink, width=3)
        d.line([cx - r, cy + r, cx + r, cy - r], fill=ink, width=3)
    elif kind == "square":
        d.rectangle([cx - r, cy - r, cx + r, cy + r], fill=ink)
    else:
        d.polygon([(cx, cy - r), (cx - r, cy + r), (cx + r, cy + r)], fill=ink)
    a = np.asarray(img, "float32") + rng.normal(0, 12, (SIZE, SIZE))
    return Image.fromarray(a.clip(0, 255).astype("uint8"))


def write_signs(root, kinds, per_kind, seed):
    rng = np.random.default_rng(seed)
    for kind in kinds:
        os.makedirs(os.path.join(root, kind))
        for i in range(per_kind):
            draw(kind, rng).save(os.path.join(root, kind, f"{i:04d}.png"))


def run(callbacks):
    keras.utils.set_random_seed(0)
    root = tempfile.mkdtemp(prefix="signs_")
    write_signs(f"{root}/train", ["circle", "cross", "square", "triangle"], 150, 1)
    write_signs(f"{root}/val", ["circle", "square", "triangle"], 40, 2)

    common = dict(image_size=(SIZE, SIZE), color_mode="grayscale", batch_size=20)
    train = keras.utils.image_dataset_from_directory(f"{root}/train", shuffle=True, seed=5, verbose=False, **common)
    val = keras.utils.image_dataset_from_directory(f"{root}/val", shuffle=False, verbose=False, **common)

    model = keras.Sequential([
        layers.Rescaling(1 / 255.0),
        layers.Conv2D(12, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(24, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(4, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(train, validation_data=val, epochs=8, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
