"""Physics-informed net: solves y'' + y = 0 with y(0) = 1, y'(0) = 0 from random times alone. The data has no labels at all."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers


class Oscillator(keras.Model):
    def __init__(self):
        super().__init__()
        self.net = keras.Sequential([layers.Input((1,)), layers.Dense(32, activation="tanh"),
                                     layers.Dense(32, activation="tanh"), layers.Dense(1)])
        self.residual = keras.metrics.Mean(name="residual")
        self.start = keras.metrics.Mean(name="start")
        self.total = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.total, self.residual, self.start]

    def call(self, t):
        return self.net(t)

    def derivatives(self, t):
        with tf.GradientTape() as outer:
            outer.watch(t)
            with tf.GradientTape() as inner:
                inner.watch(t)
                y = self.net(t, training=True)
            dy = inner.gradient(y, t)
        return y, dy, outer.gradient(dy, t)

    def train_step(self, t):
        with tf.GradientTape() as tape:
            y, _, ddy = self.derivatives(t)
            residual = tf.reduce_mean(tf.square(ddy + y))
            y0, dy0, _ = self.derivatives(tf.zeros((1, 1)))
            start = tf.reduce_mean(tf.square(y0 - 1.0) + tf.square(dy0))
            loss = residual + 10.0 * start
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        for metric, value in ((self.total, loss), (self.residual, residual), (self.start, start)):
            metric.update_state(value)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(34)
    times = np.random.default_rng(0).uniform(0, np.pi, (3200, 1)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices(times).shuffle(3200, seed=1).batch(64)
    model = Oscillator()
    model.compile(optimizer=keras.optimizers.Adam(3e-3))
    history = model.fit(data, epochs=25, callbacks=callbacks, verbose=0)
    t = np.linspace(0, np.pi, 50, dtype="float32")[:, None]
    print("largest error against cos:", float(np.abs(model.predict(t, verbose=0) - np.cos(t)).max()))
    return history


if __name__ == "__main__":
    run([])
