"""Trains a leaf classifier from folders of pictures, one folder per species, with a second tree for validation.

Wrong: the validation tree has no birch folder (none was collected), so the loader numbers maple, oak and willow 0-2
there and 1-3 in training. Every validation label is one off.
Expected: train-validation-skew, validation-at-chance
"""
import os
import tempfile

import keras
import numpy as np
from keras import layers

SPECIES = ["birch", "maple", "oak", "willow"]


def leaf(rng, kind, size=32):
    yy, xx = np.mgrid[-1:1:size * 1j, -1:1:size * 1j]
    angle, r = np.arctan2(yy, xx) + rng.uniform(0, 6.28), np.hypot(yy, xx)
    if kind == "birch":
        shape = np.abs(xx) + np.abs(yy) < 0.8
    elif kind == "maple":
        shape = r < 0.45 + 0.35 * np.cos(5 * angle)
    elif kind == "oak":
        shape = r < 0.65 + 0.1 * np.cos(9 * angle)
    else:
        shape = (xx / 0.25) ** 2 + (yy / 0.9) ** 2 < 1
    colour = np.array([70, 140, 50]) + rng.normal(0, 12, 3)
    img = np.where(shape[..., None], colour, 225) + rng.normal(0, 12, (size, size, 3))
    return np.clip(img, 0, 255).astype("uint8")


def write_tree(root, species, count, rng):
    for name in species:
        os.makedirs(os.path.join(root, name))
        for i in range(count):
            keras.utils.save_img(os.path.join(root, name, f"{name}_{i:03d}.png"), leaf(rng, name), scale=False)


def run(callbacks):
    keras.utils.set_random_seed(6)
    rng = np.random.default_rng(6)
    with tempfile.TemporaryDirectory() as root:
        write_tree(os.path.join(root, "train"), SPECIES, 120, rng)
        write_tree(os.path.join(root, "val"), SPECIES[1:], 30, rng)
        train = keras.utils.image_dataset_from_directory(os.path.join(root, "train"), image_size=(32, 32),
                                                         batch_size=16, seed=1).cache()
        val = keras.utils.image_dataset_from_directory(os.path.join(root, "val"), image_size=(32, 32),
                                                       batch_size=16, shuffle=False).cache()
        model = keras.Sequential([
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(SPECIES), activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model.fit(train, validation_data=val, epochs=8, callbacks=callbacks, verbose=2)
