"""A small GAN that learns to draw points from a ring; two optimizers in a custom train_step, and the distance from the ring as metric."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

NOISE = 8


def ring(n, seed):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    radius = rng.normal(1.0, 0.05, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype("float32")


class RingGan(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator = keras.Sequential([layers.Input((NOISE,)), layers.Dense(48, activation="relu"),
                                           layers.Dense(48, activation="relu"), layers.Dense(2)])
        self.critic = keras.Sequential([layers.Input((2,)), layers.Dense(48), layers.LeakyReLU(0.2), layers.Dense(48),
                                        layers.LeakyReLU(0.2), layers.Dense(1)])
        self.g_loss, self.d_loss = keras.metrics.Mean(name="g_loss"), keras.metrics.Mean(name="d_loss")
        self.off_ring = keras.metrics.Mean(name="off_ring")

    def compile(self, g_optimizer, d_optimizer):
        super().compile()
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

    @property
    def metrics(self):
        return [self.g_loss, self.d_loss, self.off_ring]

    def call(self, noise):
        return self.generator(noise)

    def train_step(self, real):
        n = tf.shape(real)[0]
        with tf.GradientTape() as tape:
            fake = self.generator(tf.random.normal((n, NOISE)), training=True)
            a, b = self.critic(real, training=True), self.critic(fake, training=True)
            d_loss = self.bce(0.9 * tf.ones_like(a), a) + self.bce(tf.zeros_like(b), b)
        self.d_optimizer.apply(tape.gradient(d_loss, self.critic.trainable_variables), self.critic.trainable_variables)
        with tf.GradientTape() as tape:
            fake = self.generator(tf.random.normal((n, NOISE)), training=True)
            score = self.critic(fake, training=True)
            g_loss = self.bce(tf.ones_like(score), score)
        self.g_optimizer.apply(tape.gradient(g_loss, self.generator.trainable_variables), self.generator.trainable_variables)
        self.g_loss.update_state(g_loss)
        self.d_loss.update_state(d_loss)
        self.off_ring.update_state(tf.abs(tf.norm(fake, axis=1) - 1.0))
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(99)
    points = tf.data.Dataset.from_tensor_slices(ring(6400, 1)).shuffle(6400, seed=0).batch(64, drop_remainder=True)
    gan = RingGan()
    gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
    return gan.fit(points, epochs=20, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
