"""A variational autoencoder for 8x8 digits with its own train_step; the loss is a sum over pixels, so it starts above 40."""
import keras
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits


class Sample(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(34)

    def call(self, inputs):
        mean, log_var = inputs
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seed_generator)


class DigitVae(keras.Model):
    def __init__(self, latent=6, **kwargs):
        super().__init__(**kwargs)
        self.enc = layers.Dense(64, activation="relu", name="enc")
        self.mean = layers.Dense(latent, name="mean")
        self.log_var = layers.Dense(latent, name="log_var")
        self.sample = Sample(name="sample")
        self.dec = layers.Dense(64, activation="relu", name="dec")
        self.pixels = layers.Dense(64, activation="sigmoid", name="pixels")
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("loss", "pixel_loss", "kl_loss")}

    @property
    def metrics(self):
        return list(self.trackers.values())

    def encode(self, x):
        h = self.enc(x)
        return self.mean(h), self.log_var(h)

    def call(self, x):
        return self.pixels(self.dec(self.sample(self.encode(x))))

    def train_step(self, data):
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            mean, log_var = self.encode(x)
            rebuilt = self.pixels(self.dec(self.sample((mean, log_var))))
            pixel_loss = ops.mean(64.0 * keras.losses.binary_crossentropy(x, rebuilt))
            kl = -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=-1)
            kl_loss = ops.mean(kl)
            loss = pixel_loss + kl_loss
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        for name, value in (("loss", loss), ("pixel_loss", pixel_loss), ("kl_loss", kl_loss)):
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}


def run(callbacks):
    keras.utils.set_random_seed(34)
    x, _ = load_digits(return_X_y=True)
    x = (x / 16.0).astype("float32")
    model = DigitVae(name="digit_vae")
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    model.fit(x, batch_size=32, epochs=25, shuffle=True, callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
