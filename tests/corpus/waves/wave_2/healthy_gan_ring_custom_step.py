"""A GAN on points of a ring, as a keras.Model with its own train_step. Both losses hover around the balance, as they
should; the mean radius of the made points comes to that of the ring (`radius_error` falls)."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers


class RingGAN(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator = keras.Sequential([layers.Input((4,)), layers.Dense(32, activation="relu"),
                                           layers.Dense(32, activation="relu"), layers.Dense(2)])
        self.critic = keras.Sequential([layers.Input((2,)), layers.Dense(48), layers.LeakyReLU(), layers.Dense(48),
                                        layers.LeakyReLU(), layers.Dense(1)])
        self.trackers = [keras.metrics.Mean(name=n) for n in ("d_loss", "g_loss", "radius_error")]

    @property
    def metrics(self):
        return self.trackers

    def compile(self, d_optimizer, g_optimizer):
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

    def call(self, z):
        return self.generator(z)

    def train_step(self, real):
        real = real[0] if isinstance(real, tuple) else real
        n = tf.shape(real)[0]
        with tf.GradientTape() as tape:
            fake = self.generator(tf.random.normal((n, 4)))
            out = tf.concat([self.critic(real), self.critic(fake)], 0)
            d_loss = self.bce(tf.concat([0.9 * tf.ones((n, 1)), tf.zeros((n, 1))], 0), out)
        w = self.critic.trainable_weights
        self.d_optimizer.apply(tape.gradient(d_loss, w), w)
        with tf.GradientTape() as tape:
            fake = self.generator(tf.random.normal((n, 4)))
            g_loss = self.bce(tf.ones((n, 1)), self.critic(fake))
        w = self.generator.trainable_weights
        self.g_optimizer.apply(tape.gradient(g_loss, w), w)
        for tracker, value in zip(self.trackers, (d_loss, g_loss, tf.reduce_mean(tf.abs(tf.norm(fake, axis=1) - 1.0)))):
            tracker.update_state(value)
        return {m.name: m.result() for m in self.trackers}


def run(callbacks):
    keras.utils.set_random_seed(100)
    angle = np.random.uniform(0, 2 * np.pi, 3200)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1) + np.random.normal(0, 0.05, (3200, 2))
    gan = RingGAN()
    gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
    gan.fit(ring.astype("float32"), batch_size=64, epochs=10, callbacks=callbacks, verbose=0)
