"""Estimate the stiffness of a spring from a short trace of its swing.

Wrong: in the custom train_step the targets have shape (batch,) and the predictions
(batch, 1). Their difference broadcasts to (batch, batch), so each prediction is
compared with all targets and the network learns the mean stiffness for all.

Expected: target-shape-broadcast
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

STEPS = 60


def swings(n, seed):
    rng = np.random.default_rng(seed)
    stiffness = rng.uniform(1.0, 9.0, n)
    t = np.linspace(0, 4, STEPS)
    phase = rng.uniform(0, 0.8, (n, 1))
    trace = np.cos(np.sqrt(stiffness)[:, None] * t + phase) * np.exp(-0.2 * t)
    trace += rng.normal(0, 0.05, trace.shape)
    y = (stiffness - 5.0) / 2.3
    return trace.astype("float32"), y.astype("float32")


class SpringModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.net = keras.Sequential(
            [
                layers.Reshape((STEPS, 1)),
                layers.Conv1D(16, 7, strides=2, activation="relu"),
                layers.Conv1D(16, 5, strides=2, activation="relu"),
                layers.Flatten(),
                layers.Dense(32, activation="relu"),
                layers.Dense(1),
            ]
        )
        self.error = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.error]

    def call(self, x, training=False):
        return self.net(x, training=training)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            guess = self(x, training=True)
            loss = tf.reduce_mean(tf.square(y - guess))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.error.update_state(loss)
        return {"loss": self.error.result()}


def run(callbacks):
    keras.utils.set_random_seed(27)
    x, y = swings(2000, 1)
    model = SpringModel()
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    return model.fit(x, y, batch_size=32, epochs=8, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
