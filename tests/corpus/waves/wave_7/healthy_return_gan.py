"""A GAN that draws pairs of correlated, fat-tailed daily returns; both networks train in one custom train_step.

The losses of such a pair of networks hover instead of falling; whether it works is seen in the distance of the moments.
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

NOISE = 4


def returns(n=8000):
    rng = np.random.default_rng(7)
    z = rng.standard_t(6, (n, 2)) / np.sqrt(1.5)
    x = np.stack([z[:, 0], 0.8 * z[:, 0] + 0.6 * z[:, 1]], axis=1)
    return np.clip(x, -5, 5).astype("float32")


class GAN(keras.Model):
    def __init__(self):
        super().__init__()
        self.g = keras.Sequential([layers.Input((NOISE,)), layers.Dense(32, activation="leaky_relu"),
                                   layers.Dense(32, activation="leaky_relu"), layers.Dense(2)])
        self.d = keras.Sequential([layers.Input((2,)), layers.Dense(32, activation="leaky_relu"),
                                   layers.Dense(32, activation="leaky_relu"), layers.Dense(1)])
        self.g_loss = keras.metrics.Mean(name="g_loss")
        self.d_loss = keras.metrics.Mean(name="d_loss")
        self.bce = keras.losses.BinaryCrossentropy(from_logits=True)

    def compile(self, g_optimizer, d_optimizer):
        super().compile()
        self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer

    def call(self, noise):
        return self.g(noise)

    @property
    def metrics(self):
        return [self.g_loss, self.d_loss]

    def train_step(self, real):
        n = tf.shape(real)[0]
        with tf.GradientTape() as tape:
            fake = self.g(tf.random.normal((n, NOISE)))
            logits = tf.concat([self.d(real), self.d(fake)], axis=0)
            labels = tf.concat([0.9 * tf.ones((n, 1)), tf.zeros((n, 1))], axis=0)
            d_loss = self.bce(labels, logits)
        grads = tape.gradient(d_loss, self.d.trainable_variables)
        self.d_optimizer.apply_gradients(zip(grads, self.d.trainable_variables))
        with tf.GradientTape() as tape:
            g_loss = self.bce(tf.ones((n, 1)), self.d(self.g(tf.random.normal((n, NOISE)))))
        grads = tape.gradient(g_loss, self.g.trainable_variables)
        self.g_optimizer.apply_gradients(zip(grads, self.g.trainable_variables))
        self.g_loss.update_state(g_loss)
        self.d_loss.update_state(d_loss)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(7)
    real = returns()
    data = tf.data.Dataset.from_tensor_slices(real).shuffle(8000, seed=0).batch(128, drop_remainder=True)
    gan = GAN()
    gan.compile(keras.optimizers.Adam(5e-4, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
    history = gan.fit(data, epochs=20, callbacks=callbacks, verbose=0)
    fake = np.asarray(gan.g(np.random.default_rng(1).normal(size=(4000, NOISE)).astype("float32")))
    print("std", real.std(0), fake.std(0), "corr", np.corrcoef(real.T)[0, 1], np.corrcoef(fake.T)[0, 1])
    return history


if __name__ == "__main__":
    print(run([]).history["d_loss"])
