"""Digits with mixup and label smoothing: mixed images, soft targets, and a training loss that stays far above the
validation loss because training is the harder task."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits


def mixup(a, b):
    (xa, ya), (xb, yb) = a, b
    share = tf.random.uniform((tf.shape(xa)[0],), 0.5, 1.0)
    sx, sy = share[:, None, None, None], share[:, None]
    return xa * sx + xb * (1 - sx), ya * sy + yb * (1 - sy)


def run(callbacks):
    keras.utils.set_random_seed(88)
    digits = load_digits()
    x = (digits.images / 8.0 - 1.0).astype("float32")[..., None]
    y = keras.utils.to_categorical(digits.target).astype("float32")
    order = np.random.permutation(len(x))
    x, y = x[order], y[order]
    base = tf.data.Dataset.from_tensor_slices((x[:1440], y[:1440]))
    one, two = base.shuffle(1440).batch(32), base.shuffle(1440).batch(32)
    train = tf.data.Dataset.zip((one, two)).map(mixup).prefetch(1)
    valid = tf.data.Dataset.from_tensor_slices((x[1440:], y[1440:])).batch(120)

    model = keras.Sequential([
        layers.Input((8, 8, 1)),
        layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.Conv2D(24, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(10),
    ])
    model.compile(keras.optimizers.Adam(0.003), keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
                  metrics=["accuracy"])
    model.fit(train, epochs=5, validation_data=valid, callbacks=callbacks, verbose=0)
