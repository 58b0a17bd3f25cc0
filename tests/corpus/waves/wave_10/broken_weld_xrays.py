"""Look for pores and cracks in X-ray patches of weld seams.

Wrong: the patches are scaled with "/ 255" but stored into an array that was made with dtype uint8. All values below 1 are cut to 0,
so the net gets black patches only and can but guess.
Expected: truncated-input, constant-input
"""
import keras
import numpy as np
from keras import layers

SIZE = 28
KINDS = ("sound", "pore", "crack")


def patch(kind, rng):
    yy, xx = np.mgrid[0:SIZE, 0:SIZE]
    grey = 120 + 25 * np.cos((yy - SIZE / 2) / 9) + rng.normal(0, 6, (SIZE, SIZE))
    cy, cx = rng.uniform(8, 20, 2)
    if kind == 1:
        grey += 60 * (((yy - cy) ** 2 + (xx - cx) ** 2) < rng.uniform(6, 16))
    elif kind == 2:
        slope = rng.uniform(-0.5, 0.5)
        grey += 60 * ((np.abs(yy - cy - slope * (xx - cx)) < 1.0) & (np.abs(xx - cx) < 8))
    return np.clip(grey, 0, 250)


def load_patches(n, seed):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, len(KINDS), n)
    images = np.empty((n, SIZE, SIZE, 1), dtype="uint8")
    for i, kind in enumerate(kinds):
        images[i, :, :, 0] = patch(kind, rng) / 255
    return images, kinds


def run(callbacks):
    keras.utils.set_random_seed(29)
    x_train, y_train = load_patches(1200, 1)
    x_val, y_val = load_patches(300, 2)
    model = keras.Sequential([
        keras.Input((SIZE, SIZE, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(len(KINDS), activation="softmax"),
    ], name="weld")
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, keras.utils.to_categorical(y_train, len(KINDS)), batch_size=32, epochs=8,
              validation_data=(x_val, keras.utils.to_categorical(y_val, len(KINDS))), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
