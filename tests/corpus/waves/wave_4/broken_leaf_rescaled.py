"""Tell healthy, rusty and mildewed leaves apart in small colour photographs.

Wrong: the pictures are divided by 255 in the tf.data pipeline and once more by the
Rescaling layer at the front of the model. The network sees values up to 0.004, all
pictures look alike to it and it learns extremely slowly.

Expected: double-scaled-input
"""
import pathlib
import tempfile

import keras
import numpy as np
from keras import layers
from PIL import Image

STATES = ["healthy", "mildew", "rust"]


def leaf(state, rng, size=28):
    yy, xx = np.mgrid[0:size, 0:size]
    image = np.empty((size, size, 3))
    image[:] = rng.normal([150, 140, 120], 12)
    shape = ((xx - 14) / 7) ** 2 + ((yy - 14) / 12) ** 2 < 1
    image[shape] = rng.normal([70, 120, 50], 12)
    spot = np.zeros((size, size), bool)
    for cx, cy in rng.integers(9, 20, (6, 2)):
        spot |= np.hypot(xx - cx, yy - cy) < 2
    if state == "rust":
        image[spot & shape] = [150, 85, 40]
    elif state == "mildew":
        image[spot & shape] = [185, 190, 180]
    image += rng.normal(0, 10, image.shape)
    return Image.fromarray(image.clip(0, 255).astype("uint8"))


def run(callbacks):
    keras.utils.set_random_seed(29)
    rng = np.random.default_rng(6)
    with tempfile.TemporaryDirectory() as tmp:
        for state in STATES:
            folder = pathlib.Path(tmp) / state
            folder.mkdir()
            for i in range(240):
                leaf(state, rng).save(folder / f"leaf{i}.png")
        train, val = keras.utils.image_dataset_from_directory(
            tmp, label_mode="categorical", image_size=(28, 28), batch_size=16,
            validation_split=0.2, subset="both", seed=3,
        )
        train = train.map(lambda x, y: (x / 255.0, y)).cache().shuffle(40)
        val = val.map(lambda x, y: (x / 255.0, y)).cache()
        model = keras.Sequential(
            [
                keras.Input((28, 28, 3)),
                layers.Rescaling(1.0 / 255),
                layers.Conv2D(12, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(24, 3, activation="relu"),
                layers.GlobalMaxPooling2D(),
                layers.Dense(len(STATES), activation="softmax"),
            ]
        )
        model.compile(
            keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"]
        )
        return model.fit(
            train, validation_data=val, epochs=7, callbacks=callbacks, verbose=2
        )


if __name__ == "__main__":
    run([])
