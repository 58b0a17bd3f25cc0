"""Classifies scanned part drawings; the scans are PNG files in one folder, the classes are in labels.csv.

Wrong: ``image_dataset_from_directory(labels=[...])`` wants the labels in alphanumeric order of the file names (scan_0, scan_1,
scan_10, scan_100, ...), but the list is in the order of the CSV (0, 1, 2, 3, ...). Nearly every drawing has the label of another
one, and there is nothing to learn.

Expected: stalled-loss, validation-at-chance
"""
import os
import tempfile

import keras
import numpy as np
import pandas as pd
from keras import layers
from PIL import Image, ImageDraw

KINDS = ["ring", "plate", "wedge", "bolt"]


def draw(kind, rng):
    im = Image.new("L", (40, 40), int(rng.integers(200, 256)))
    d = ImageDraw.Draw(im)
    x, y, r, ink = *rng.integers(13, 27, 2), int(rng.integers(6, 11)), int(rng.integers(0, 80))
    x, y = int(x), int(y)
    if kind == "ring":
        d.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=2)
    elif kind == "plate":
        d.rectangle((x - r, y - r // 2, x + r, y + r // 2), fill=ink)
    elif kind == "wedge":
        d.polygon([(x - r, y + r), (x + r, y + r), (x, y - r)], outline=ink, fill=ink)
    else:
        d.line((x, y - r, x, y + r), fill=ink, width=3)
        d.line((x - r // 2, y - r, x + r // 2, y - r), fill=ink, width=4)
    noisy = np.asarray(im, "float32") + rng.normal(0, 8, (40, 40))
    return Image.fromarray(noisy.clip(0, 255).astype("uint8"))


def write_scans(folder, n, seed=6):
    rng = np.random.default_rng(seed)
    rows = []
    os.makedirs(os.path.join(folder, "scans"))
    for i in range(n):
        kind = int(rng.integers(len(KINDS)))
        draw(KINDS[kind], rng).save(os.path.join(folder, "scans", f"scan_{i}.png"))
        rows.append({"file": f"scan_{i}.png", "kind": KINDS[kind]})
    pd.DataFrame(rows).to_csv(os.path.join(folder, "labels.csv"), index=False)


def run(callbacks):
    keras.utils.set_random_seed(3)
    with tempfile.TemporaryDirectory() as folder:
        write_scans(folder, 1000)
        table = pd.read_csv(os.path.join(folder, "labels.csv"))
        labels = [KINDS.index(k) for k in table["kind"]]
        train, val = keras.utils.image_dataset_from_directory(
            os.path.join(folder, "scans"), labels=labels, label_mode="int", color_mode="grayscale", image_size=(40, 40),
            batch_size=32, validation_split=0.2, subset="both", seed=1, verbose=False)
        train, val = train.cache(), val.cache()
        model = keras.Sequential([
            keras.Input((40, 40, 1)),
            layers.Rescaling(-1 / 255.0, offset=1.0),
            layers.Conv2D(12, 3, activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(24, 3, activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(), layers.Dropout(0.4),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(KINDS), activation="softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model.fit(train, validation_data=val, epochs=10, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
