"""Grade interference fringes from PNG files in class folders: raw 0..255 pixels go in, the model rescales them itself."""
import pathlib
import tempfile
import numpy as np
import keras
from keras import layers
from PIL import Image

GRADES = ["flat", "saddle", "tilted"]


def write_files(root, per_grade=220, seed=15):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[-1:1:24j, -1:1:24j]
    for grade in GRADES:
        folder = pathlib.Path(root) / grade
        folder.mkdir(parents=True)
        for k in range(per_grade):
            cx, cy = rng.normal(0, 0.15, 2)
            if grade == "flat":
                phase = 7 * ((xx - cx) ** 2 + (yy - cy) ** 2)
            elif grade == "saddle":
                phase = 8 * ((xx - cx) ** 2 - (yy - cy) ** 2)
            else:
                a = rng.uniform(0, np.pi)
                phase = 9 * (xx * np.cos(a) + yy * np.sin(a))
            picture = 127 + 90 * np.cos(phase + rng.uniform(0, 6.28)) + rng.normal(0, 12, xx.shape)
            Image.fromarray(np.clip(picture, 0, 255).astype("uint8")).save(folder / f"{k:04d}.png")


def run(callbacks):
    keras.utils.set_random_seed(15)
    with tempfile.TemporaryDirectory() as root:
        write_files(root)
        settings = dict(label_mode="categorical", color_mode="grayscale", image_size=(24, 24), batch_size=16,
                        validation_split=0.25, seed=99, verbose=False)
        train = keras.utils.image_dataset_from_directory(root, subset="training", **settings).cache()
        valid = keras.utils.image_dataset_from_directory(root, subset="validation", **settings).cache()
        train = train.shuffle(31, seed=1).prefetch(2)
        model = keras.Sequential([
            layers.Input((24, 24, 1)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.RandomFlip(),
            layers.Conv2D(12, 5, strides=2, activation="relu"),
            layers.Conv2D(24, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(24, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ])
        model.compile(keras.optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
        return model.fit(train, validation_data=valid, epochs=12, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
