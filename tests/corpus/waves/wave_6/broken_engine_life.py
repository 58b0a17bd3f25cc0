"""Remaining useful life of engines from multivariate sensor windows, with a custom train_step.
Wrong: the labels have shape (batch,) and the predictions (batch, 1); y - y_pred in the hand-written loss broadcasts to
(batch, batch), so every prediction is pulled to the batch mean and the model ends as a constant.
Expected: target-shape-broadcast
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

WINDOW = 24
CAP = 100.0


def fleet(n_engines, seed):
    rng = np.random.default_rng(seed)
    xs, ys = [], []
    for _ in range(n_engines):
        life = int(rng.integers(110, 190))
        wear = (np.arange(life) / life) ** 3
        gain = np.array([1.0, -0.8, 0.6, 0.0, 1.4])
        sensors = wear[:, None] * gain * 3 + rng.normal(0, 0.25, (life, 5))
        for end in range(WINDOW, life, 4):
            xs.append(sensors[end - WINDOW:end])
            ys.append(min(life - end, CAP) / CAP)
    return np.array(xs, "float32"), np.array(ys, "float32")


class LifeModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = layers.Conv1D(16, 5, activation="relu")
        self.pool = layers.GlobalAveragePooling1D()
        self.hidden = layers.Dense(32, activation="relu")
        self.out = layers.Dense(1)
        self.rmse = keras.metrics.Mean(name="mse")

    def call(self, x, training=False):
        return self.out(self.hidden(self.pool(self.conv(x))))

    @property
    def metrics(self):
        return [self.rmse]

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = tf.reduce_mean(tf.square(y - y_pred))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.rmse.update_state(loss)
        return {"loss": loss, "mse": self.rmse.result()}

    def test_step(self, data):
        x, y = data
        loss = tf.reduce_mean(tf.square(y - self(x, training=False)))
        self.rmse.update_state(loss)
        return {"loss": loss, "mse": self.rmse.result()}


def run(callbacks):
    keras.utils.set_random_seed(22)
    x, y = fleet(60, 1)
    xv, yv = fleet(15, 2)
    model = LifeModel()
    model.compile(optimizer=keras.optimizers.Adam(2e-3))
    model.fit(x, y, validation_data=(xv, yv), batch_size=32, epochs=10, verbose=2, callbacks=callbacks)
    return model
