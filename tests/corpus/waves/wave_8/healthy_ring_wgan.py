"""Wasserstein GAN with gradient penalty on points of eight clusters in a ring. Its losses are negative or near zero by nature."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

LATENT, CRITIC_STEPS, PENALTY = 4, 4, 1.0
CENTRES = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], 1) * 1.5


def mlp(n_in, n_out, name):
    return keras.Sequential([keras.Input((n_in,)), layers.Dense(64, "relu"), layers.Dense(64, "relu"),
                             layers.Dense(n_out)], name=name)


class WGAN(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator, self.critic = mlp(LATENT, 2, "generator"), mlp(2, 1, "critic")
        self.c_track, self.g_track = keras.metrics.Mean(name="critic_loss"), keras.metrics.Mean(name="generator_loss")

    def compile(self, g_optimizer, c_optimizer):
        super().compile()
        self.g_optimizer, self.c_optimizer = g_optimizer, c_optimizer

    @property
    def metrics(self):
        return [self.c_track, self.g_track]

    def call(self, z):
        return self.generator(z)

    def train_step(self, real):
        n = tf.shape(real)[0]
        for _ in range(CRITIC_STEPS):
            fake = self.generator(tf.random.normal((n, LATENT)))
            mix = tf.random.uniform((n, 1))
            between = mix * real + (1 - mix) * fake
            with tf.GradientTape() as tape:
                with tf.GradientTape() as inner:
                    inner.watch(between)
                    score = self.critic(between)
                slope = tf.sqrt(tf.reduce_sum(inner.gradient(score, between) ** 2, axis=1) + 1e-12)
                c_loss = (tf.reduce_mean(self.critic(fake)) - tf.reduce_mean(self.critic(real))
                          + PENALTY * tf.reduce_mean((slope - 1) ** 2))
            self.c_optimizer.apply_gradients(zip(tape.gradient(c_loss, self.critic.trainable_weights),
                                                 self.critic.trainable_weights))
        with tf.GradientTape() as tape:
            g_loss = -tf.reduce_mean(self.critic(self.generator(tf.random.normal((n, LATENT)))))
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, self.generator.trainable_weights),
                                             self.generator.trainable_weights))
        self.c_track.update_state(c_loss)
        self.g_track.update_state(g_loss)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(26)
    rng = np.random.default_rng(26)
    points = (CENTRES[rng.integers(0, 8, 8192)] + rng.normal(0, 0.08, (8192, 2))).astype("float32")
    gan = WGAN()
    gan.compile(keras.optimizers.Adam(5e-4, beta_1=0.5, beta_2=0.9), keras.optimizers.Adam(5e-4, beta_1=0.5, beta_2=0.9))
    history = gan.fit(points, batch_size=128, epochs=25, callbacks=callbacks, verbose=2)
    drawn = gan.predict(rng.normal(size=(2000, LATENT)).astype("float32"), verbose=0)
    dist = np.linalg.norm(drawn[:, None] - CENTRES[None], axis=2)
    print("mean distance to the nearest centre", dist.min(1).mean(), "points for each centre", np.bincount(dist.argmin(1), minlength=8))
    return history


if __name__ == "__main__":
    run([])
