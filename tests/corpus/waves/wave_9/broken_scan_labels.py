"""Counts the cells (1 to 4) on microscope scans kept as PNG files, with the counts in a list by scan number.

Wrong: image_dataset_from_directory reads the files in alphanumeric order (scan_1, scan_10, scan_100, ...), while the list of labels
goes by number (1, 2, 3, ...); nearly all labels sit on the wrong image, and the loss stays at that of guessing.
Expected: stalled-loss, validation-at-chance
"""
import os
import tempfile
import numpy as np
import keras
from keras import layers
from PIL import Image


def write_scans(folder, n=1200, seed=29):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[0:32, 0:32]
    counts = []
    for i in range(1, n + 1):
        k = int(rng.integers(1, 5))
        img = rng.normal(40, 8, (32, 32))
        spots = [(8, 8), (8, 24), (24, 8), (24, 24)]
        for j in rng.permutation(4)[:k]:
            cy, cx = np.array(spots[j]) + rng.integers(-3, 4, 2)
            img += 150 * np.exp(-((yy - cy) ** 2 + (xx - cx) ** 2) / (2 * rng.uniform(1.8, 3.0) ** 2))
        Image.fromarray(img.clip(0, 255).astype("uint8")).save(os.path.join(folder, f"scan_{i}.png"))
        counts.append(k - 1)
    return counts


def run(callbacks):
    keras.utils.set_random_seed(30)
    with tempfile.TemporaryDirectory() as folder:
        counts = write_scans(folder)
        common = dict(labels=counts, label_mode="int", color_mode="grayscale", image_size=(32, 32), batch_size=32,
                      validation_split=0.2, seed=123, verbose=False)
        train = keras.utils.image_dataset_from_directory(folder, subset="training", **common)
        valid = keras.utils.image_dataset_from_directory(folder, subset="validation", **common)

        model = keras.Sequential([
            keras.Input((32, 32, 1)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(12, 5, strides=2, padding="same", activation="relu"),
            layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(48, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model.fit(train, validation_data=valid, epochs=8, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
