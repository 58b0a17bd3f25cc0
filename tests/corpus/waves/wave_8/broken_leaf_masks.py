"""Small U-Net that segments leaves in RGB photographs, with augmentation in tf.data.

Wrong: ``augment`` flips the photograph at random, but the mask goes through untouched. For most training samples the mask
belongs to a mirrored picture, so the net learns a blurry average of both and IoU stays low.

Expected: misaligned-masks
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers


def photos(n, size=40, seed=0):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:size, :size]
    x = np.zeros((n, size, size, 3), "float32")
    m = np.zeros((n, size, size, 1), "float32")
    for i in range(n):
        soil = rng.uniform(0.25, 0.5)
        img = np.stack([soil + 0.1, soil, soil - 0.1], -1) + rng.normal(0, 0.06, (size, size, 3))
        cx, cy = rng.uniform(7, size - 7, 2)
        a, b, t = rng.uniform(5, 10), rng.uniform(3, 5), rng.uniform(0, np.pi)
        u = (xx - cx) * np.cos(t) + (yy - cy) * np.sin(t)
        v = -(xx - cx) * np.sin(t) + (yy - cy) * np.cos(t)
        leaf = (u / a) ** 2 + (v / b) ** 2 < 1
        img[leaf] = np.array([0.2, 0.6, 0.2]) + rng.normal(0, 0.08, (leaf.sum(), 3))
        x[i], m[i, ..., 0] = img.clip(0, 1), leaf
    return x, m


def augment(image, mask):
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_flip_up_down(image)
    image = tf.image.random_brightness(image, 0.08)
    image = tf.clip_by_value(image, 0.0, 1.0)
    return image, mask


def conv(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x)


def unet(size=40):
    inp = keras.Input((size, size, 3))
    d1 = conv(inp, 8)
    d2 = conv(layers.MaxPooling2D()(d1), 16)
    d3 = conv(layers.MaxPooling2D()(d2), 24)
    u2 = conv(layers.Concatenate()([layers.UpSampling2D()(d3), d2]), 16)
    u1 = conv(layers.Concatenate()([layers.UpSampling2D()(u2), d1]), 8)
    return keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(u1))


def run(callbacks):
    keras.utils.set_random_seed(5)
    x, m = photos(480)
    xv, mv = photos(96, seed=1)
    train = (tf.data.Dataset.from_tensor_slices((x, m)).shuffle(480).map(augment, num_parallel_calls=2)
             .batch(16).prefetch(2))
    val = tf.data.Dataset.from_tensor_slices((xv, mv)).batch(32)
    model = unet()
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy",
                  metrics=[keras.metrics.BinaryIoU(target_class_ids=[1], name="iou")])
    return model.fit(train, validation_data=val, epochs=6, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
