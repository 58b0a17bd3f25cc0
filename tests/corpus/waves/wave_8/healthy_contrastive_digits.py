"""SimCLR in small: two random views of each digit, NT-Xent loss and no labels at all; a linear probe on the frozen encoder afterwards."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_digits


def views(x):
    def one(x):
        n = tf.shape(x)[0]
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        shift = tf.random.uniform((n, 2), 0, 3, tf.int32)
        rows = shift[:, 0:1] + tf.range(8)[None]
        cols = shift[:, 1:2] + tf.range(8)[None]
        x = tf.gather(tf.gather(padded, rows, batch_dims=1), cols[:, None, :] * tf.ones((1, 8, 1), tf.int32), batch_dims=2)
        x = x * tf.random.uniform((n, 1, 1, 1), 0.7, 1.2)
        return x + tf.random.normal(tf.shape(x), stddev=0.1)
    return one(x), one(x)


class SimCLR(keras.Model):
    def __init__(self, temperature=0.2):
        super().__init__()
        self.temperature = temperature
        self.encoder = keras.Sequential([
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"), layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Flatten(), layers.Dense(64, activation="relu"),
        ], name="encoder")
        self.head = keras.Sequential([keras.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(32),
                                      layers.UnitNormalization()], name="projection")
        self.track = keras.metrics.Mean(name="loss")
        self.match = keras.metrics.Mean(name="pair_accuracy")

    @property
    def metrics(self):
        return [self.track, self.match]

    def call(self, x):
        return self.head(self.encoder(x))

    def train_step(self, x):
        a, b = views(x)
        with tf.GradientTape() as tape:
            z = tf.concat([self(a, training=True), self(b, training=True)], 0)
            n = tf.shape(a)[0]
            sim = tf.matmul(z, z, transpose_b=True) / self.temperature - 1e9 * tf.eye(2 * n)
            partner = tf.concat([tf.range(n, 2 * n), tf.range(n)], 0)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(partner, sim))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
        self.track.update_state(loss)
        self.match.update_state(ops.cast(ops.equal(tf.argmax(sim, 1, output_type=tf.int32), partner), "float32"))
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(37)
    digits = load_digits()
    x = (digits.images[..., None] / 16).astype("float32")
    y = digits.target
    order = np.random.default_rng(2).permutation(len(x))
    x, y = x[order], y[order]

    clr = SimCLR()
    clr.compile(optimizer=keras.optimizers.Adam(2e-3))
    history = clr.fit(x[:1400], batch_size=128, epochs=25, callbacks=callbacks, verbose=2)

    clr.encoder.trainable = False
    probe = keras.Sequential([clr.encoder, layers.Dense(10, activation="softmax")])
    probe.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    probe.fit(x[:1400], y[:1400], validation_data=(x[1400:], y[1400:]), batch_size=64, epochs=8, callbacks=callbacks, verbose=2)
    return history


if __name__ == "__main__":
    run([])
