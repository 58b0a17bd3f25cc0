"""A variational autoencoder for the 8x8 digits, after the usual tutorial.

Wrong: the reconstruction error is a mean over the 64 pixels, but the KL term is a sum over the latent units and 5 times
weighted, so the KL term wins: the code carries nothing, and every image is reconstructed as the same mean digit.
In the author's words: posterior collapse.
Expected: constant-output, dominant-regularization
"""
import keras
from keras import layers, ops
from sklearn.datasets import load_digits


class Sampling(layers.Layer):
    def __init__(self, beta=5.0, **kwargs):
        super().__init__(**kwargs)
        self.beta = beta
        self.seed = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        mean, log_var = inputs
        kl = -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=-1)
        self.add_loss(self.beta * ops.mean(kl))
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seed)


def run(callbacks):
    keras.utils.set_random_seed(1337)
    x = load_digits().images.astype("float32")[..., None] / 16.0
    x_train, x_test = x[:1400], x[1400:]

    inputs = keras.Input((8, 8, 1))
    h = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(inputs)
    h = layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    z_mean = layers.Dense(6, name="z_mean")(h)
    z_log_var = layers.Dense(6, name="z_log_var")(h)
    z = Sampling(name="z")([z_mean, z_log_var])
    h = layers.Dense(4 * 4 * 16, activation="relu")(z)
    h = layers.Reshape((4, 4, 16))(h)
    h = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(h)
    outputs = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(h)
    vae = keras.Model(inputs, outputs, name="vae")
    vae.compile(optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy")
    vae.fit(x_train, x_train, shuffle=True, epochs=5, batch_size=64, validation_data=(x_test, x_test),
            callbacks=callbacks, verbose=0)
