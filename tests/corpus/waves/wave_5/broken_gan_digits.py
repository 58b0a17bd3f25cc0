"""A small GAN that draws 8x8 digits, written as a model with its own training step.

Wrong: the real pictures keep their range 0-16 while the generator ends in tanh and cannot leave -1 to 1. The
discriminator tells them apart by size alone at once, and the generator learns nothing.
Expected: generated-range-mismatch, unnormalized-input
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits

NOISE = 24


class GAN(keras.Model):
    def __init__(self, generator, discriminator):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)
        self.d_tracker = keras.metrics.Mean(name="d_loss")
        self.g_tracker = keras.metrics.Mean(name="g_loss")

    @property
    def metrics(self):
        return [self.d_tracker, self.g_tracker]

    def compile(self, d_optimizer, g_optimizer):
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    def train_step(self, real):
        n = ops.shape(real)[0]
        noise = keras.random.normal((n, NOISE))
        with tf.GradientTape() as tape:
            fake = self.generator(noise, training=True)
            scores = self.discriminator(ops.concatenate([real, fake], axis=0), training=True)
            d_loss = self.bce(ops.concatenate([ops.ones((n, 1)), ops.zeros((n, 1))], axis=0), scores)
        weights = self.discriminator.trainable_variables
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights))
        with tf.GradientTape() as tape:
            scores = self.discriminator(self.generator(keras.random.normal((n, NOISE)), training=True), training=True)
            g_loss = self.bce(ops.ones((n, 1)), scores)
        weights = self.generator.trainable_variables
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights))
        self.d_tracker.update_state(d_loss)
        self.g_tracker.update_state(g_loss)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(90)
    images = load_digits().data.astype("float32")
    generator = keras.Sequential([
        keras.Input((NOISE,)), layers.Dense(96), layers.LeakyReLU(0.2),
        layers.Dense(96), layers.LeakyReLU(0.2), layers.Dense(64, activation="tanh")])
    discriminator = keras.Sequential([
        keras.Input((64,)), layers.Dense(96), layers.LeakyReLU(0.2), layers.Dropout(0.3),
        layers.Dense(48), layers.LeakyReLU(0.2), layers.Dense(1)])
    gan = GAN(generator, discriminator)
    gan.compile(keras.optimizers.Adam(3e-4, beta_1=0.5), keras.optimizers.Adam(3e-4, beta_1=0.5))
    data = tf.data.Dataset.from_tensor_slices(images).shuffle(2000, seed=1).batch(64, drop_remainder=True)
    hist = gan.fit(data, epochs=25, callbacks=callbacks, verbose=2)
    made = generator.predict(np.random.default_rng(0).normal(size=(200, NOISE)).astype("float32"), verbose=0)
    print("mean pixel real", images.mean(), "made", made.mean())
    return hist
