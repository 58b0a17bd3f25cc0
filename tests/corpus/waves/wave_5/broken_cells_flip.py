"""Segments cells in small microscope-like pictures with a little U-Net and flip augmentation.

Wrong: the picture is flipped at random, the mask is not. Three times in four the mask belongs to another place of the picture.
Expected: train-validation-skew
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

SIZE = 40


def picture(rng):
    yy, xx = np.mgrid[:SIZE, :SIZE]
    mask = np.zeros((SIZE, SIZE), bool)
    for _ in range(rng.integers(2, 5)):
        cy, cx = rng.uniform(4, SIZE - 4, 2)
        a, b = rng.uniform(3, 6, 2)
        mask |= ((yy - cy) / a) ** 2 + ((xx - cx) / b) ** 2 < 1
    img = 0.35 + 0.3 * mask + rng.normal(0, 0.08, mask.shape) + 0.1 * xx / SIZE
    return np.clip(img, 0, 1)[..., None].astype("float32"), mask[..., None].astype("float32")


def augment(image, mask):
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_flip_up_down(image)
    image = tf.image.random_brightness(image, 0.05)
    return image, mask


def unet():
    inp = keras.Input((SIZE, SIZE, 1))
    a = layers.Conv2D(12, 3, padding="same", activation="relu")(inp)
    b = layers.MaxPooling2D()(a)
    b = layers.Conv2D(24, 3, padding="same", activation="relu")(b)
    c = layers.MaxPooling2D()(b)
    c = layers.Conv2D(32, 3, padding="same", activation="relu")(c)
    d = layers.Concatenate()([layers.UpSampling2D()(c), b])
    d = layers.Conv2D(24, 3, padding="same", activation="relu")(d)
    e = layers.Concatenate()([layers.UpSampling2D()(d), a])
    e = layers.Conv2D(12, 3, padding="same", activation="relu")(e)
    return keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(e))


def run(callbacks):
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(4)
    images, masks = (np.stack(v) for v in zip(*[picture(rng) for _ in range(500)]))
    train = tf.data.Dataset.from_tensor_slices((images[:400], masks[:400]))
    train = train.shuffle(400, seed=1).map(augment).batch(16).prefetch(2)
    val = tf.data.Dataset.from_tensor_slices((images[400:], masks[400:])).batch(50)
    model = unet()
    model.compile("adam", "binary_crossentropy",
                  metrics=[keras.metrics.BinaryIoU(target_class_ids=[1], threshold=0.5, name="iou")])
    return model.fit(train, validation_data=val, epochs=8, callbacks=callbacks, verbose=2)
