"""Let a small GAN draw 8x8 digits.

Wrong: the generator ends in tanh and can only give values from -1 to 1, but the
real pictures go in with their grey levels 0 to 16. The discriminator tells them
apart by brightness alone and the generator gets nothing useful to learn from.

Expected: generated-range-mismatch
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

NOISE = 16


def networks():
    generator = keras.Sequential(
        [
            keras.Input((NOISE,)),
            layers.Dense(64),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Dense(128),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Dense(64, activation="tanh"),
            layers.Reshape((8, 8, 1)),
        ],
        name="generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(96),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Dropout(0.3),
            layers.Dense(1),
        ],
        name="discriminator",
    )
    return generator, discriminator


class GAN(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator, self.discriminator = networks()
        self.d_mean = keras.metrics.Mean(name="d_loss")
        self.g_mean = keras.metrics.Mean(name="g_loss")
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

    def compile(self, d_optimizer, g_optimizer):
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    def train_step(self, real):
        n = tf.shape(real)[0]
        z = tf.random.normal((n, NOISE))
        with tf.GradientTape() as d_tape, tf.GradientTape() as g_tape:
            fake = self.generator(z, training=True)
            on_real = self.discriminator(real, training=True)
            on_fake = self.discriminator(fake, training=True)
            d_loss = self.bce(tf.ones_like(on_real), on_real)
            d_loss += self.bce(tf.zeros_like(on_fake), on_fake)
            g_loss = self.bce(tf.ones_like(on_fake), on_fake)
        d_vars = self.discriminator.trainable_variables
        g_vars = self.generator.trainable_variables
        self.d_optimizer.apply_gradients(zip(d_tape.gradient(d_loss, d_vars), d_vars))
        self.g_optimizer.apply_gradients(zip(g_tape.gradient(g_loss, g_vars), g_vars))
        self.d_mean.update_state(d_loss)
        self.g_mean.update_state(g_loss)
        return {"d_loss": self.d_mean.result(), "g_loss": self.g_mean.result()}


def run(callbacks):
    keras.utils.set_random_seed(28)
    digits = load_digits().images.astype("float32")[..., None]
    gan = GAN()
    gan.compile(keras.optimizers.Adam(5e-4, 0.5), keras.optimizers.Adam(4e-4, 0.5))
    return gan.fit(digits, batch_size=32, epochs=16, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
