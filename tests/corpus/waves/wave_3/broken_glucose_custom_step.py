"""Regression of disease progression with a train_step of its own (for gradient clipping and logging).
Wrong: the targets have shape (batch,) and the network gives (batch, 1); the hand-written squared error broadcasts them to a batch-by-batch table, so every prediction is drawn to the mean target.
Expected: target-shape-broadcast
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split


class ClippedRegressor(keras.Model):
    def __init__(self):
        super().__init__()
        self.h1 = layers.Dense(32, activation="tanh")
        self.h2 = layers.Dense(16, activation="tanh")
        self.out = layers.Dense(1)
        self.tracker = keras.metrics.Mean(name="loss")
        self.gnorm = keras.metrics.Mean(name="grad_norm")

    @property
    def metrics(self):
        return [self.tracker, self.gnorm]

    def call(self, x):
        return self.out(self.h2(self.h1(x)))

    def error(self, x, y, training):
        pred = self(x, training=training)
        return tf.reduce_mean(tf.square(tf.cast(y, pred.dtype) - pred))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.error(x, y, True)
        grads = tape.gradient(loss, self.trainable_variables)
        grads, norm = tf.clip_by_global_norm(grads, 5.0)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.tracker.update_state(loss)
        self.gnorm.update_state(norm)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        self.tracker.update_state(self.error(x, y, False))
        return {"loss": self.tracker.result()}


def run(callbacks):
    keras.utils.set_random_seed(8)
    x, y = load_diabetes(return_X_y=True)
    x = (x / x.std(axis=0)).astype("float32")
    y = ((y - y.mean()) / y.std()).astype("float32")
    x, vx, y, vy = train_test_split(x, y, test_size=0.2, random_state=0)
    train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(400, seed=1).batch(32)
    val = tf.data.Dataset.from_tensor_slices((vx, vy)).batch(32)
    model = ClippedRegressor()
    model.compile(optimizer=keras.optimizers.Adam(3e-3))
    hist = model.fit(train, validation_data=val, epochs=40, callbacks=callbacks, verbose=0)
    print("correlation on held-out patients:",
          np.corrcoef(model.predict(vx, verbose=0)[:, 0], vy)[0, 1].round(2))
    return hist


if __name__ == "__main__":
    run([])
