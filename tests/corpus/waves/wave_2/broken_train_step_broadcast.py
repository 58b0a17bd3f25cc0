"""House prices with an own train_step.

Wrong: the targets have shape (B,), the predictions (B, 1); the hand-written y - y_pred broadcasts to (B, B), so each
prediction is compared with all targets of the batch, and the best answer is the mean for every house.
Expected: target-shape-broadcast, constant-output, stalled-loss
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers


class HuberNet(keras.Model):
    """Trains with an own, smooth loss."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def _loss(self, y, y_pred):
        error = y - y_pred
        return tf.reduce_mean(tf.sqrt(1.0 + tf.square(error)) - 1.0)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self._loss(y, self(x, training=True))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def test_step(self, data):
        x, y = data
        self.loss_tracker.update_state(self._loss(y, self(x, training=False)))
        return {"loss": self.loss_tracker.result()}


def run(callbacks):
    rng = np.random.default_rng(1990)
    keras.utils.set_random_seed(1990)
    x = rng.normal(size=(2000, 8)).astype("float32")
    price = x @ np.array([1.2, -0.7, 0.5, 0.0, 0.9, -0.3, 0.0, 0.4]) + 0.5 * np.sin(2 * x[:, 0])
    price = ((price - price.mean()) / price.std()).astype("float32")
    inputs = keras.Input((8,))
    h = layers.Dense(32, activation="relu")(inputs)
    model = HuberNet(inputs, layers.Dense(1)(h))
    model.compile(optimizer=keras.optimizers.Adam(0.005))
    model.fit(x[:1600], price[:1600], epochs=5, batch_size=64, validation_data=(x[1600:], price[1600:]),
              callbacks=callbacks, verbose=0)
