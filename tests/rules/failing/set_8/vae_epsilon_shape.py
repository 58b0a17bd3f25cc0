# Wrong: the noise of the Sampling layer has 2 columns, the latent space 6
# Mend: epsilon = keras.random.normal(shape=ops.shape(z_mean))
import numpy as np
import keras
from keras import layers, ops

latent_dim = 6


class Sampling(layers.Layer):
    def call(self, inputs):
        z_mean, z_log_var = inputs
        batch = ops.shape(z_mean)[0]
        epsilon = keras.random.normal(shape=(batch, 2))
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


enc_in = keras.Input(shape=(20,))
h = layers.Dense(32, activation="relu")(enc_in)
z_mean = layers.Dense(latent_dim, name="z_mean")(h)
z_log_var = layers.Dense(latent_dim, name="z_log_var")(h)
z = Sampling()([z_mean, z_log_var])
h = layers.Dense(32, activation="relu")(z)
dec_out = layers.Dense(20)(h)

vae = keras.Model(enc_in, dec_out)
vae.compile(optimizer="adam", loss="mse")
genes = np.random.randn(64, 20).astype("float32")
vae.fit(genes, genes, epochs=1, batch_size=32, verbose=0)
print(vae.predict(genes[:2], verbose=0).shape)
