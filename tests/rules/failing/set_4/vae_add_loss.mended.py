# Wrong: model.add_loss with a symbolic tensor (the Keras 2 way) is not possible in Keras 3
# Mend: let a layer's call() do self.add_loss(kl), here Sampling
import numpy as np
import keras
from keras import layers, ops

digits = np.random.rand(64, 64).astype("float32")


class Sampling(layers.Layer):
    def call(self, inputs):
        mean, log_var = inputs
        self.add_loss(-0.5 * ops.mean(1 + log_var - ops.square(mean) - ops.exp(log_var)))
        eps = keras.random.normal(ops.shape(mean))
        return mean + ops.exp(0.5 * log_var) * eps


x = keras.Input(shape=(64,))
h = layers.Dense(32, activation="relu")(x)
z_mean = layers.Dense(2)(h)
z_log_var = layers.Dense(2)(h)
z = Sampling()([z_mean, z_log_var])
h = layers.Dense(32, activation="relu")(z)
decoded = layers.Dense(64, activation="sigmoid")(h)

vae = keras.Model(x, decoded)
vae.compile(optimizer="adam", loss="mse")
vae.fit(digits, digits, epochs=1, batch_size=32, verbose=0)
