"""Segmentation of cell-like blobs with a very small U-Net.

Wrong: the images are divided by 255, the mask files (0 or 255) are not, so the sigmoid output with binary cross-entropy
gets targets of 255. The loss runs far below zero and the net paints everything white.
Expected: target-out-of-range, label-loss-mismatch, unsuitable-loss
"""
import io

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image, ImageDraw


def png_pair(rng, size=32):
    mask = Image.new("L", (size, size), 0)
    pen = ImageDraw.Draw(mask)
    for _ in range(rng.integers(1, 4)):
        cx, cy, r = rng.uniform(4, size - 4), rng.uniform(4, size - 4), rng.uniform(3, 6)
        pen.ellipse([cx - r, cy - r, cx + r, cy + r], fill=255)
    picture = 90 + 0.3 * np.asarray(mask, "float32") + rng.normal(0, 18, (size, size))
    files = []
    for image in (Image.fromarray(np.clip(picture, 0, 255).astype("uint8")), mask):
        buffer = io.BytesIO()
        image.save(buffer, format="PNG")
        files.append(buffer.getvalue())
    return files


def load(image_png, mask_png):
    image = tf.io.decode_png(image_png, channels=1)
    mask = tf.io.decode_png(mask_png, channels=1)
    image.set_shape((32, 32, 1))
    mask.set_shape((32, 32, 1))
    return tf.cast(image, tf.float32) / 255.0, tf.cast(mask, tf.float32)


def run(callbacks):
    rng = np.random.default_rng(19)
    keras.utils.set_random_seed(19)
    images, masks = zip(*(png_pair(rng) for _ in range(480)))
    data = tf.data.Dataset.from_tensor_slices((list(images), list(masks))).map(load).cache()
    train, valid = data.take(400).shuffle(400).batch(16), data.skip(400).batch(40)

    inp = keras.Input((32, 32, 1))
    c1 = layers.Conv2D(8, 3, padding="same", activation="relu")(inp)
    c2 = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(c1)
    up = layers.Concatenate()([layers.UpSampling2D()(c2), c1])
    out = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(up)
    model = keras.Model(inp, out)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=valid, epochs=4, callbacks=callbacks, verbose=0)
