"""Recommend papers from reading lists with Bayesian personalised ranking: (reader, read paper, other paper) and no target.

The train step asks only that the read paper scores higher than one drawn at random for each batch.
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

READERS, PAPERS = 300, 400


def reading_lists():
    rng = np.random.default_rng(17)
    field = rng.integers(0, 8, READERS)
    topic = rng.integers(0, 8, PAPERS)
    pairs = []
    for r in range(READERS):
        p = np.where(topic == field[r], 8.0, 0.4)
        for k in rng.choice(PAPERS, 40, replace=False, p=p / p.sum()):
            pairs.append((r, k))
    pairs = np.array(pairs, dtype="int32")
    return pairs[rng.permutation(len(pairs))]


class BPR(keras.Model):
    def __init__(self, dim=8):
        super().__init__()
        self.readers = layers.Embedding(READERS, dim)
        self.papers = layers.Embedding(PAPERS, dim)
        self.bias = layers.Embedding(PAPERS, 1)
        self.loss_mean = keras.metrics.Mean(name="loss")
        self.order = keras.metrics.Mean(name="pair_accuracy")

    @property
    def metrics(self):
        return [self.loss_mean, self.order]

    def call(self, pair):
        r, p = pair[:, 0], pair[:, 1]
        return tf.reduce_sum(self.readers(r) * self.papers(p), axis=1) + self.bias(p)[:, 0]

    def margins(self, pair):
        other = tf.random.uniform(tf.shape(pair[:, 1]), 0, PAPERS, dtype=tf.int32)
        return self(pair) - self(tf.stack([pair[:, 0], other], axis=1))

    def train_step(self, pair):
        with tf.GradientTape() as tape:
            margin = self.margins(pair)
            loss = tf.reduce_mean(tf.nn.softplus(-margin))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return self.report(loss, margin)

    def test_step(self, pair):
        margin = self.margins(pair)
        return self.report(tf.reduce_mean(tf.nn.softplus(-margin)), margin)

    def report(self, loss, margin):
        self.loss_mean.update_state(loss)
        self.order.update_state(tf.cast(margin > 0, tf.float32))
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(17)
    pairs = reading_lists()
    train = tf.data.Dataset.from_tensor_slices(pairs[:10000]).shuffle(10000, seed=0).batch(100)
    valid = tf.data.Dataset.from_tensor_slices(pairs[10000:]).batch(200)
    model = BPR()
    model.compile(optimizer=keras.optimizers.Adam(5e-3))
    return model.fit(train, validation_data=valid, epochs=7, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_pair_accuracy"])
