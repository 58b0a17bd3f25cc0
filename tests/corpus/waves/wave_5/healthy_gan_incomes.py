"""A GAN that imitates a two-column table (income, age) after a log and a standardisation; losses hover near ln 2."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

NOISE = 6


def table(n=6000):
    rng = np.random.default_rng(110)
    age = rng.gamma(9, 4.5, n) + 16
    income = np.exp(9.2 + 0.02 * age + rng.normal(0, 0.35, n))
    x = np.column_stack([np.log(income), age])
    return ((x - x.mean(0)) / x.std(0)).astype("float32")


def mlp(n_in, n_out, name):
    return keras.Sequential([keras.Input((n_in,)), layers.Dense(48), layers.LeakyReLU(0.2), layers.Dense(48),
                             layers.LeakyReLU(0.2), layers.Dense(n_out)], name=name)


class TableGAN(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator, self.critic = mlp(NOISE, 2, "generator"), mlp(2, 1, "critic")
        self.g_opt = keras.optimizers.Adam(5e-4, beta_1=0.5)
        self.d_opt = keras.optimizers.Adam(1e-3, beta_1=0.5)
        self.g_loss, self.d_loss = keras.metrics.Mean(name="g_loss"), keras.metrics.Mean(name="d_loss")

    @property
    def metrics(self):
        return [self.g_loss, self.d_loss]

    def train_step(self, real):
        n = ops.shape(real)[0]
        with tf.GradientTape() as tape:
            fake = self.generator(keras.random.normal((n, NOISE)))
            d_loss = ops.mean(ops.softplus(-self.critic(real))) + ops.mean(ops.softplus(self.critic(fake)))
        w = self.critic.trainable_variables
        self.d_opt.apply_gradients(zip(tape.gradient(d_loss, w), w))
        with tf.GradientTape() as tape:
            g_loss = ops.mean(ops.softplus(-self.critic(self.generator(keras.random.normal((n, NOISE))))))
        w = self.generator.trainable_variables
        self.g_opt.apply_gradients(zip(tape.gradient(g_loss, w), w))
        self.g_loss.update_state(g_loss)
        self.d_loss.update_state(d_loss / 2)
        return {"g_loss": self.g_loss.result(), "d_loss": self.d_loss.result()}


def run(callbacks):
    keras.utils.set_random_seed(10)
    real = table()
    gan = TableGAN()
    gan.compile()
    data = tf.data.Dataset.from_tensor_slices(real).shuffle(6000).batch(128, drop_remainder=True)
    hist = gan.fit(data, epochs=25, callbacks=callbacks, verbose=2)
    made = gan.generator.predict(np.random.default_rng(0).normal(size=(4000, NOISE)).astype("float32"), verbose=0)
    print("means", made.mean(0), "stds", made.std(0), "corr", np.corrcoef(made.T)[0, 1], np.corrcoef(real.T)[0, 1])
    return hist
