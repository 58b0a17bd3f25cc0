# Wrong: the sampling draws noise for a fixed batch of 32, the last batch of 100 samples has 4
# Mend: epsilon = keras.random.normal(shape=ops.shape(z_mean))
import numpy as np
import keras
from keras import layers, ops

batch_size = 32
original_dim = 30
latent_dim = 2

class Sampling(layers.Layer):
    def call(self, inputs):
        z_mean, z_log_var = inputs
        kl = -0.5 * ops.mean(1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
        self.add_loss(kl)
        epsilon = keras.random.normal(shape=(batch_size, latent_dim))
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon

x = layers.Input(shape=(original_dim,))
h = layers.Dense(16, activation="relu")(x)
z_mean = layers.Dense(latent_dim)(h)
z_log_var = layers.Dense(latent_dim)(h)
z = Sampling()([z_mean, z_log_var])
decoder_h = layers.Dense(16, activation="relu")(z)
x_decoded = layers.Dense(original_dim, activation="sigmoid")(decoder_h)

vae = keras.Model(x, x_decoded)
vae.compile(optimizer="rmsprop", loss="binary_crossentropy")
x_train = np.random.rand(100, original_dim).astype("float32")
vae.fit(x_train, x_train, shuffle=True, epochs=1, batch_size=batch_size, verbose=0)
print("trained")
