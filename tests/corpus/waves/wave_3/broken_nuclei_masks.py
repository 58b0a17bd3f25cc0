"""Tiny U-Net that marks cell nuclei in synthetic microscope pictures.
Wrong: the pictures are divided by 255 but the mask PNGs are not, so the targets are 0 and 255 instead of 0 and 1 and binary cross-entropy runs off to large negative numbers.
Expected: target-out-of-range, label-loss-mismatch
"""
import numpy as np
import keras
from keras import layers
from PIL import Image, ImageDraw, ImageFilter

SIDE = 48


def field(rng):
    mask = Image.new("L", (SIDE, SIDE), 0)
    pen = ImageDraw.Draw(mask)
    for _ in range(int(rng.integers(3, 8))):
        x, y = rng.integers(0, SIDE, 2)
        a, b = rng.integers(3, 8, 2)
        pen.ellipse([x - a, y - b, x + a, y + b], fill=255)
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(1)), "float32")
    shade = 60 + 0.5 * soft + rng.normal(0, 18, soft.shape)
    return shade.clip(0, 255).astype("uint8"), np.asarray(mask)


def dataset(n, seed):
    rng = np.random.default_rng(seed)
    pairs = [field(rng) for _ in range(n)]
    images = np.stack([p[0] for p in pairs])[..., None]
    masks = np.stack([p[1] for p in pairs])[..., None]
    return images.astype("float32") / 255.0, masks.astype("float32")


def block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.Conv2D(filters, 3, padding="same", activation="relu")(x)


def unet():
    inp = keras.Input((SIDE, SIDE, 1))
    c1 = block(inp, 8)
    c2 = block(layers.MaxPooling2D()(c1), 16)
    c3 = block(layers.MaxPooling2D()(c2), 24)
    u2 = block(layers.Concatenate()([layers.UpSampling2D()(c3), c2]), 16)
    u1 = block(layers.Concatenate()([layers.UpSampling2D()(u2), c1]), 8)
    return keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(u1))


def run(callbacks):
    keras.utils.set_random_seed(4)
    x, m = dataset(320, 1)
    vx, vm = dataset(60, 2)
    model = unet()
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model.fit(x, m, validation_data=(vx, vm), batch_size=8, epochs=4, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
