"""A variational autoencoder for 8x8 digits with its own train_step; the KL term is warmed up over the first epochs."""
import keras
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits

LATENT = 4


class VAE(keras.Model):
    def __init__(self, warmup_steps, **kwargs):
        super().__init__(**kwargs)
        self.encoder = keras.Sequential([keras.Input((64,)), layers.Dense(128, activation="relu"),
                                         layers.Dense(2 * LATENT)])
        self.decoder = keras.Sequential([keras.Input((LATENT,)), layers.Dense(128, activation="relu"),
                                         layers.Dense(64)])
        self.warmup_steps = warmup_steps
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")
        self.trackers = [keras.metrics.Mean(name=n) for n in ("loss", "reconstruction", "kl")]

    @property
    def metrics(self):
        return self.trackers

    def terms(self, x):
        mean, log_var = tf.split(self.encoder(x), 2, axis=1)
        z = mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean))
        logits = self.decoder(z)
        rec = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1)
        kl = -0.5 * tf.reduce_sum(1 + log_var - tf.square(mean) - tf.exp(log_var), axis=1)
        return tf.reduce_mean(rec), tf.reduce_mean(kl)

    def note(self, loss, rec, kl):
        for tracker, value in zip(self.trackers, (loss, rec, kl)):
            tracker.update_state(value)
        return {m.name: m.result() for m in self.trackers}

    def train_step(self, x):
        beta = tf.minimum(1.0, (self.seen + 1.0) / self.warmup_steps)
        with tf.GradientTape() as tape:
            rec, kl = self.terms(x)
            loss = rec + beta * kl
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.seen.assign(self.seen + 1.0)
        return self.note(loss, rec, kl)

    def test_step(self, x):
        rec, kl = self.terms(x)
        return self.note(rec + kl, rec, kl)


def run(callbacks):
    keras.utils.set_random_seed(6)
    x = (load_digits().data / 16.0).astype("float32")
    train = tf.data.Dataset.from_tensor_slices(x[:1500]).shuffle(1500, seed=0).batch(50)
    val = tf.data.Dataset.from_tensor_slices(x[1500:]).batch(99)
    vae = VAE(warmup_steps=150.0)
    vae.compile(optimizer=keras.optimizers.Adam(2e-3))
    vae.fit(train, validation_data=val, epochs=15, verbose=2, callbacks=callbacks)
    return vae
