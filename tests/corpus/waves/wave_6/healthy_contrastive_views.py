"""Self-supervised SimCLR-style training on digits: two noisy views of each picture, no labels, NT-Xent loss."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression


move = keras.Sequential([layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
                         layers.RandomRotation(0.04, fill_mode="constant")])


def view(images):
    """Random shift by less than a pixel, small turn, random contrast, some pixels dropped."""
    shifted = move(images, training=True)
    gain = tf.random.uniform((tf.shape(images)[0], 1, 1, 1), 0.6, 1.2)
    keep = tf.cast(tf.random.uniform(tf.shape(images)) > 0.1, images.dtype)
    return shifted * gain * keep


class SimCLR(keras.Model):
    def __init__(self, temperature=0.5):
        super().__init__()
        self.backbone = keras.Sequential([
            keras.Input((8, 8, 1)),
            layers.Conv2D(24, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
        ])
        self.projector = keras.Sequential([keras.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(32)])
        self.temperature = temperature
        self.loss_mean = keras.metrics.Mean(name="loss")
        self.hit = keras.metrics.SparseCategoricalAccuracy(name="match")

    @property
    def metrics(self):
        return [self.loss_mean, self.hit]

    def call(self, x):
        return self.backbone(x)

    def train_step(self, images):
        n = tf.shape(images)[0]
        with tf.GradientTape() as tape:
            z = [tf.math.l2_normalize(self.projector(self.backbone(view(images), training=True)), axis=1)
                 for _ in range(2)]
            z = tf.concat(z, 0)
            sim = tf.matmul(z, z, transpose_b=True) / self.temperature - 1e9 * tf.eye(2 * n)
            partner = tf.concat([tf.range(n, 2 * n), tf.range(0, n)], 0)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=partner, logits=sim))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.loss_mean.update_state(loss)
        self.hit.update_state(partner, sim)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(7)
    d = load_digits()
    order = np.random.default_rng(7).permutation(len(d.target))
    x, y = (d.images[order] / 16.0).astype("float32")[..., None], d.target[order]
    data = tf.data.Dataset.from_tensor_slices(x[:1400]).shuffle(1400, seed=1).batch(100, drop_remainder=True)
    model = SimCLR()
    model.compile(optimizer=keras.optimizers.Adam(2e-3))
    model.fit(data, epochs=25, verbose=2, callbacks=callbacks)
    features = model.backbone.predict(x, verbose=0)
    probe = LogisticRegression(max_iter=500).fit(features[:300], y[:300])
    print("linear probe on 300 labels:", probe.score(features[1400:], y[1400:]))
    return model
