"""GAN on points of a noisy ring, with losses that hover around their balance instead of falling."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers


class RingGAN(keras.Model):
    def __init__(self, noise_dim=8):
        super().__init__()
        self.noise_dim = noise_dim
        self.g = keras.Sequential([keras.Input((noise_dim,)), layers.Dense(64, activation="relu"),
                                   layers.Dense(64, activation="relu"), layers.Dense(2)])
        self.d = keras.Sequential([keras.Input((2,)), layers.Dense(64), layers.LeakyReLU(0.2),
                                   layers.Dense(64), layers.LeakyReLU(0.2), layers.Dense(1)])
        self.d_mean = keras.metrics.Mean(name="d_loss")
        self.g_mean = keras.metrics.Mean(name="g_loss")

    @property
    def metrics(self):
        return [self.d_mean, self.g_mean]

    def compile(self, g_opt, d_opt):
        super().compile()
        self.g_opt, self.d_opt = g_opt, d_opt
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

    def call(self, z):
        return self.g(z)

    def train_step(self, real):
        n = tf.shape(real)[0]
        with tf.GradientTape() as tape:
            fake = self.g(tf.random.normal((n, self.noise_dim)), training=True)
            r, f = self.d(real, training=True), self.d(fake, training=True)
            d_loss = 0.5 * (self.bce(tf.fill(tf.shape(r), 0.9), r) + self.bce(tf.zeros_like(f), f))
        w = self.d.trainable_weights
        self.d_opt.apply_gradients(zip(tape.gradient(d_loss, w), w))

        with tf.GradientTape() as tape:
            f = self.d(self.g(tf.random.normal((n, self.noise_dim)), training=True), training=True)
            g_loss = self.bce(tf.ones_like(f), f)
        w = self.g.trainable_weights
        self.g_opt.apply_gradients(zip(tape.gradient(g_loss, w), w))
        self.d_mean.update_state(d_loss)
        self.g_mean.update_state(g_loss)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 6400)
    radius = rng.normal(1.5, 0.08, 6400)
    ring = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype("float32")
    data = tf.data.Dataset.from_tensor_slices(ring).shuffle(6400).batch(64, drop_remainder=True)
    gan = RingGAN()
    gan.compile(keras.optimizers.Adam(1e-3, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
    hist = gan.fit(data, epochs=20, callbacks=callbacks, verbose=0)
    made = gan.g.predict(rng.normal(size=(500, 8)).astype("float32"), verbose=0)
    r = np.linalg.norm(made, axis=1)
    print("radius of the made points: mean", r.mean().round(2), "std", r.std().round(2))
    return hist


if __name__ == "__main__":
    run([])
