"""A little U-Net that finds cell nuclei; pictures and masks are augmented with random flips in tf.data.
Wrong: image and mask go through two independent random flips, so in three of four cases the mask no longer belongs to the
picture; the network learns a blurred average and the IoU on untouched validation pictures stays low.
Expected: none-fits
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

SIZE = 32


def microscope(n, seed):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:SIZE, :SIZE]
    images, masks = np.zeros((n, SIZE, SIZE, 1), "float32"), np.zeros((n, SIZE, SIZE, 1), "float32")
    for k in range(n):
        for _ in range(rng.integers(1, 4)):
            cy, cx = rng.uniform(4, SIZE - 4, 2)
            ry, rx = rng.uniform(2.5, 5.5, 2)
            inside = ((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 < 1
            images[k, inside, 0] += rng.uniform(0.35, 0.6)
            masks[k, inside, 0] = 1
        images[k, ..., 0] += rng.normal(0.2, 0.08, (SIZE, SIZE))
    return np.clip(images, 0, 1), masks


def augment(image, mask):
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_flip_up_down(image)
    mask = tf.image.random_flip_left_right(mask)
    mask = tf.image.random_flip_up_down(mask)
    image = tf.image.random_brightness(image, 0.1)
    return image, mask


def unet():
    inp = keras.Input((SIZE, SIZE, 1))
    c1 = layers.Conv2D(8, 3, padding="same", activation="relu")(inp)
    c2 = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(c1))
    c3 = layers.Conv2D(24, 3, padding="same", activation="relu")(layers.MaxPooling2D()(c2))
    u2 = layers.Concatenate()([layers.UpSampling2D()(c3), c2])
    u2 = layers.Conv2D(16, 3, padding="same", activation="relu")(u2)
    u1 = layers.Concatenate()([layers.UpSampling2D()(u2), c1])
    u1 = layers.Conv2D(8, 3, padding="same", activation="relu")(u1)
    return keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(u1))


def run(callbacks):
    keras.utils.set_random_seed(24)
    x, m = microscope(400, 1)
    xv, mv = microscope(80, 2)
    train = (tf.data.Dataset.from_tensor_slices((x, m)).shuffle(400, seed=3)
             .map(augment, num_parallel_calls=2).batch(16).prefetch(2))
    val = tf.data.Dataset.from_tensor_slices((xv, mv)).batch(40)
    model = unet()
    model.compile("adam", "binary_crossentropy",
                  metrics=[keras.metrics.BinaryIoU(target_class_ids=[1], threshold=0.5, name="iou")])
    model.fit(train, validation_data=val, epochs=8, verbose=2, callbacks=callbacks)
    return model
