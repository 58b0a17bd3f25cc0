"""A small DCGAN on the 8x8 digits with its own train_step.
Wrong: the discriminator is taught 1 = generated, 0 = real, but the generator step (copied from a tutorial with the other
convention) asks for ones too; the two work together, both losses sink to zero and the pictures never look like digits.
Expected: none-fits
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

NOISE = 24


def make_discriminator():
    return keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(24, 3, strides=2, padding="same"),
        layers.LeakyReLU(negative_slope=0.2),
        layers.Conv2D(48, 3, strides=2, padding="same"),
        layers.LeakyReLU(negative_slope=0.2),
        layers.Flatten(),
        layers.Dense(1),
    ], name="discriminator")


def make_generator():
    return keras.Sequential([
        keras.Input((NOISE,)),
        layers.Dense(2 * 2 * 48, activation="relu"),
        layers.Reshape((2, 2, 48)),
        layers.Conv2DTranspose(32, 4, strides=2, padding="same", activation="relu"),
        layers.Conv2DTranspose(16, 4, strides=2, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same", activation="tanh"),
    ], name="generator")


class GAN(keras.Model):
    def __init__(self):
        super().__init__()
        self.disc, self.gen = make_discriminator(), make_generator()
        self.d_metric = keras.metrics.Mean(name="d_loss")
        self.g_metric = keras.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super().compile()
        self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

    @property
    def metrics(self):
        return [self.d_metric, self.g_metric]

    def train_step(self, real):
        n = tf.shape(real)[0]
        fake = self.gen(tf.random.normal((n, NOISE)), training=True)
        both = tf.concat([fake, real], 0)
        truth = tf.concat([tf.ones((n, 1)), tf.zeros((n, 1))], 0)
        with tf.GradientTape() as tape:
            d_loss = self.loss_fn(truth, self.disc(both, training=True))
        grads = tape.gradient(d_loss, self.disc.trainable_variables)
        self.d_optimizer.apply_gradients(zip(grads, self.disc.trainable_variables))
        with tf.GradientTape() as tape:
            fake = self.gen(tf.random.normal((n, NOISE)), training=True)
            g_loss = self.loss_fn(tf.ones((n, 1)), self.disc(fake, training=True))
        grads = tape.gradient(g_loss, self.gen.trainable_variables)
        self.g_optimizer.apply_gradients(zip(grads, self.gen.trainable_variables))
        self.d_metric.update_state(d_loss)
        self.g_metric.update_state(g_loss)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(4)
    real = (load_digits().images / 8.0 - 1.0).astype("float32")[..., None]
    data = tf.data.Dataset.from_tensor_slices(real).shuffle(len(real), seed=0).batch(64, drop_remainder=True)
    gan = GAN()
    gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5),
                keras.losses.BinaryCrossentropy(from_logits=True))
    gan.fit(data, epochs=12, verbose=2, callbacks=callbacks)
    return gan
