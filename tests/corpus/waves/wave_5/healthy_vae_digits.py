"""A variational autoencoder of 8x8 digits with its own train and test step; the loss is a sum over pixels."""
import keras
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits


class Sampling(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed = keras.random.SeedGenerator(9)

    def call(self, inputs):
        mean, log_var = inputs
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seed)


class VAE(keras.Model):
    def __init__(self, latent=4):
        super().__init__()
        inp = keras.Input((64,))
        h = layers.Dense(96, activation="relu")(inp)
        h = layers.Dense(48, activation="relu")(h)
        mean, log_var = layers.Dense(latent)(h), layers.Dense(latent)(h)
        self.encoder = keras.Model(inp, [mean, log_var, Sampling()([mean, log_var])])
        self.decoder = keras.Sequential([
            keras.Input((latent,)), layers.Dense(48, activation="relu"), layers.Dense(96, activation="relu"),
            layers.Dense(64, activation="sigmoid")])
        self.trackers = [keras.metrics.Mean(name=n) for n in ("loss", "reconstruction", "kl")]

    @property
    def metrics(self):
        return self.trackers

    def losses_of(self, x, training):
        mean, log_var, z = self.encoder(x, training=training)
        rec = ops.mean(64.0 * keras.losses.binary_crossentropy(x, self.decoder(z, training=training)))
        kl = ops.mean(-0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=1))
        return rec + kl, rec, kl

    def track(self, values):
        for tracker, value in zip(self.trackers, values):
            tracker.update_state(value)
        return {t.name: t.result() for t in self.trackers}

    def train_step(self, x):
        with tf.GradientTape() as tape:
            values = self.losses_of(x, True)
        grads = tape.gradient(values[0], self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return self.track(values)

    def test_step(self, x):
        return self.track(self.losses_of(x, False))


def run(callbacks):
    keras.utils.set_random_seed(9)
    x = (load_digits().data / 16.0).astype("float32")
    train = tf.data.Dataset.from_tensor_slices(x[:1500]).shuffle(1500, seed=9).batch(64)
    val = tf.data.Dataset.from_tensor_slices(x[1500:]).batch(64)
    model = VAE()
    model.compile(optimizer=keras.optimizers.Adam(2e-3))
    return model.fit(train, validation_data=val, epochs=30, callbacks=callbacks, verbose=2)
