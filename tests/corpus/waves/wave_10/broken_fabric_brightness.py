"""Tell four weaves of cloth from small colour photographs, with augmentation layers inside the model.

Wrong: the photographs are scaled to 0..1, but RandomBrightness is left at its default value_range of (0, 255). In training it adds up to
+-51 to pixels of 0..1 and clips at 0: about half of the images become black, in the others the cloth is a ripple on a huge constant.
Expected: unnormalized-input, stalled-loss
"""
import keras
import numpy as np
from keras import layers


def weave(kind, rng, size=32):
    yy, xx = np.mgrid[0:size, 0:size]
    step = rng.uniform(3.5, 6.0)
    phase = rng.uniform(0, 6.28)
    wave = 2 * np.pi / step
    if kind == 0:
        pattern = np.sin(wave * xx + phase)
    elif kind == 1:
        pattern = np.sin(wave * yy + phase)
    elif kind == 2:
        pattern = np.sin(wave * (xx + yy) / 1.4 + phase)
    else:
        pattern = np.sin(wave * xx + phase) * np.sin(wave * yy + phase)
    colour = rng.uniform(70, 180, 3)
    photo = colour * (1 + 0.3 * pattern[..., None]) + rng.normal(0, 8, (size, size, 3))
    return np.clip(photo, 0, 255)


def cloths(n, seed):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 4, n)
    return np.stack([weave(k, rng) for k in kinds]).astype("float32"), kinds.astype("int32")


def run(callbacks):
    keras.utils.set_random_seed(17)
    x_train, y_train = cloths(1000, 1)
    x_val, y_val = cloths(250, 2)
    x_train, x_val = x_train / 255.0, x_val / 255.0

    photo = keras.Input((32, 32, 3), name="photo")
    x = layers.RandomBrightness(0.2, name="other_light")(photo)
    x = layers.Conv2D(16, 5, activation="relu", name="conv_a")(x)
    x = layers.MaxPooling2D(name="pool_a")(x)
    x = layers.Conv2D(32, 3, activation="relu", name="conv_b")(x)
    x = layers.GlobalAveragePooling2D(name="pool_b")(x)
    kind = layers.Dense(4, activation="softmax", name="kind")(x)
    model = keras.Model(photo, kind)
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=12, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
