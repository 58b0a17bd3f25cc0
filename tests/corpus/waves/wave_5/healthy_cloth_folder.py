"""Sorts cloth patterns from a folder of PNG files; bytes 0-255 go in, scaling and augmentation are layers."""
import os
import tempfile

import keras
import numpy as np
from keras import layers

KINDS = ["check", "dots", "plain", "stripes"]


def cloth(rng, kind, size=40):
    yy, xx = np.mgrid[:size, :size]
    turn = rng.uniform(0, np.pi)
    u, v = xx * np.cos(turn) + yy * np.sin(turn), yy * np.cos(turn) - xx * np.sin(turn)
    f = 2 * np.pi / rng.uniform(6, 11)
    wave = {"check": np.maximum(np.sin(f * u), np.sin(f * v)) > 0.5, "dots": np.sin(f * u) * np.sin(f * v) > 0.45,
            "plain": np.zeros((size, size), bool), "stripes": np.sin(f * u) > 0}[kind]
    ink, ground = rng.uniform(0, 255, (2, 3))
    while np.abs(ink - ground).sum() < 150:
        ink, ground = rng.uniform(0, 255, (2, 3))
    img = np.where(wave[..., None], ink, ground) + rng.normal(0, 10, (size, size, 3))
    return np.clip(img, 0, 255).astype("uint8")


def run(callbacks):
    keras.utils.set_random_seed(19)
    rng = np.random.default_rng(119)
    with tempfile.TemporaryDirectory() as root:
        for kind, count in zip(KINDS, (260, 260, 120, 260)):
            os.makedirs(os.path.join(root, kind))
            for i in range(count):
                keras.utils.save_img(os.path.join(root, kind, f"{i:04d}.png"), cloth(rng, kind), scale=False)
        train, val = keras.utils.image_dataset_from_directory(
            root, label_mode="categorical", image_size=(40, 40), batch_size=16, validation_split=0.2,
            subset="both", seed=7)
        model = keras.Sequential([
            keras.Input((40, 40, 3)),
            layers.RandomFlip("horizontal_and_vertical"),
            layers.RandomContrast(0.2),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(16, 5, activation="relu", strides=2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(KINDS), activation="softmax"),
        ])
        model.compile(keras.optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
        return model.fit(train.cache(), validation_data=val.cache(), epochs=14, callbacks=callbacks, verbose=2)
