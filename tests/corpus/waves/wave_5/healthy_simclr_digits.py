"""Contrastive learning without labels on 8x8 digits (two noisy, shifted views), then a linear probe on few labels."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits


def view(x):
    pad = tf.pad(x, [[1, 1], [1, 1], [0, 0]])
    x = tf.image.random_crop(pad, (8, 8, 1))
    x = x * tf.random.uniform((), 0.7, 1.3) + tf.random.normal((8, 8, 1), stddev=0.12)
    keep = tf.cast(tf.random.uniform((8, 8, 1)) > 0.1, tf.float32)
    return x * keep


class Contrastive(keras.Model):
    def __init__(self, encoder, temperature=0.2):
        super().__init__()
        self.encoder, self.temperature = encoder, temperature
        self.head = keras.Sequential([layers.Dense(48, activation="relu"), layers.Dense(24)])
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.hit = keras.metrics.SparseCategoricalAccuracy(name="found_partner")

    @property
    def metrics(self):
        return [self.loss_tracker, self.hit]

    def train_step(self, views):
        a, b = views
        partner = ops.arange(ops.shape(a)[0])
        with tf.GradientTape() as tape:
            za = ops.normalize(self.head(self.encoder(a, training=True)), axis=1)
            zb = ops.normalize(self.head(self.encoder(b, training=True)), axis=1)
            logits = ops.matmul(za, ops.transpose(zb)) / self.temperature
            loss = ops.mean(keras.losses.sparse_categorical_crossentropy(partner, logits, from_logits=True)
                            + keras.losses.sparse_categorical_crossentropy(partner, ops.transpose(logits),
                                                                           from_logits=True)) / 2
        weights = self.encoder.trainable_variables + self.head.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        self.loss_tracker.update_state(loss)
        self.hit.update_state(partner, logits)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(15)
    x, y = load_digits(return_X_y=True)
    x = (x / 16.0).astype("float32").reshape(-1, 8, 8, 1)
    encoder = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Conv2D(24, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(48, 3, padding="same", activation="relu"), layers.Flatten(), layers.Dense(64, activation="relu")])
    pairs = tf.data.Dataset.from_tensor_slices(x[:1400]).shuffle(1400)
    pairs = pairs.map(lambda v: (view(v), view(v)), num_parallel_calls=2).batch(100, drop_remainder=True).prefetch(2)
    learner = Contrastive(encoder)
    learner.compile(keras.optimizers.Adam(2e-3))
    learner.fit(pairs, epochs=18, callbacks=callbacks, verbose=2)

    f = encoder.predict(x, verbose=0)
    scale = layers.Normalization()
    scale.adapt(f[:300])
    probe = keras.Sequential([keras.Input((64,)), scale, layers.Dense(10, activation="softmax")])
    probe.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return probe.fit(f[:300], y[:300], batch_size=30, epochs=12, validation_data=(f[1400:], y[1400:]),
                     callbacks=callbacks, verbose=2)
