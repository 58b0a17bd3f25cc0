"""Segments small bright cells (3 % of the pixels) in microscopy fields; image and mask are flipped together; Dice + cross-entropy on logits."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


def fields(n, size=64, seed=0):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:size, :size]
    x, m = np.empty((n, size, size, 1), "float32"), np.zeros((n, size, size, 1), "float32")
    for i in range(n):
        slope = rng.normal(0, 3, 2)
        x[i, ..., 0] = 300 + slope[0] * yy + slope[1] * xx + rng.normal(0, 25, (size, size))   # 12-bit camera counts
        for _ in range(rng.integers(1, 5)):
            cy, cx, r = *rng.uniform(4, size - 4, 2), rng.uniform(2.0, 4.5)
            cell = (yy - cy) ** 2 + (xx - cx) ** 2 < r ** 2
            x[i, cell, 0] += rng.uniform(120, 400)
            m[i, cell, 0] = 1
    return x.clip(0, 4095), m


def flip_both(image, mask):
    both = tf.concat([image, mask], axis=-1)
    both = tf.image.random_flip_left_right(both)
    both = tf.image.random_flip_up_down(both)
    both = tf.image.rot90(both, tf.random.uniform((), 0, 4, tf.int32))
    return both[..., :1], both[..., 1:]


def bce_dice(y_true, logits):
    p = ops.sigmoid(logits)
    inter = ops.sum(y_true * p, axis=(1, 2, 3))
    dice = (2 * inter + 1) / (ops.sum(y_true, axis=(1, 2, 3)) + ops.sum(p, axis=(1, 2, 3)) + 1)
    bce = ops.mean(keras.losses.binary_crossentropy(y_true, logits, from_logits=True), axis=(1, 2))
    return bce + 1 - dice


def run(callbacks):
    keras.utils.set_random_seed(16)
    x, m = fields(320)
    xv, mv = fields(64, seed=1)
    norm = layers.Normalization(axis=None)
    norm.adapt(x)
    train = tf.data.Dataset.from_tensor_slices((x, m)).shuffle(320).map(flip_both).batch(8).prefetch(2)
    val = tf.data.Dataset.from_tensor_slices((xv, mv)).batch(32)

    inp = keras.Input((64, 64, 1))
    h = norm(inp)
    skip = layers.Conv2D(8, 3, padding="same", activation="relu")(h)
    h = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(skip)
    h = layers.Conv2D(16, 3, padding="same", activation="relu")(h)
    h = layers.Conv2DTranspose(8, 2, strides=2)(h)
    h = layers.Concatenate()([h, skip])
    h = layers.Conv2D(8, 3, padding="same", activation="relu")(h)
    model = keras.Model(inp, layers.Conv2D(1, 1)(h))
    model.compile(keras.optimizers.Adam(3e-3), bce_dice,
                  metrics=[keras.metrics.BinaryIoU(target_class_ids=[1], threshold=0.0, name="iou")])
    return model.fit(train, validation_data=val, epochs=7, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
