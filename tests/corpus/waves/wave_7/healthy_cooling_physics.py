"""A physics-informed network for Newton cooling: T' = -k (T - 20), with k unknown and eight measured temperatures.

fit only receives random times as inputs; the loss is made of the equation's residual and the few measurements.
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

TRUE_K, OUTSIDE, SPAN = 0.7, 20.0, 5.0


class Cooling(keras.Model):
    def __init__(self, times, temperatures):
        super().__init__()
        self.net = keras.Sequential([layers.Input((1,)), layers.Dense(24, activation="tanh"),
                                     layers.Dense(24, activation="tanh"), layers.Dense(1)])
        self.k = self.add_weight(shape=(), initializer=keras.initializers.Constant(0.2), name="k")
        self.times = tf.constant(times)
        self.temperatures = tf.constant(temperatures)
        self.tracker = keras.metrics.Mean(name="loss")

    def call(self, t):
        return OUTSIDE + 40.0 * self.net(2.0 * t / SPAN - 1.0)

    @property
    def metrics(self):
        return [self.tracker]

    def train_step(self, t):
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(t)
                temp = self(t)
            slope = inner.gradient(temp, t)
            residual = (slope + self.k * (temp - OUTSIDE)) / 40.0
            mismatch = (self(self.times) - self.temperatures) / 40.0
            loss = tf.reduce_mean(residual ** 2) + tf.reduce_mean(mismatch ** 2)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result(), "k": tf.identity(self.k)}


def run(callbacks):
    keras.utils.set_random_seed(18)
    rng = np.random.default_rng(18)
    times = np.linspace(0, SPAN, 8, dtype="float32")[:, None]
    temperatures = (OUTSIDE + 60 * np.exp(-TRUE_K * times) + rng.normal(0, 0.3, times.shape)).astype("float32")
    collocation = rng.uniform(0, SPAN, (3000, 1)).astype("float32")
    data = tf.data.Dataset.from_tensor_slices(collocation).shuffle(3000, seed=1).batch(60)
    model = Cooling(times, temperatures)
    model.compile(optimizer=keras.optimizers.Adam(3e-3))
    history = model.fit(data, epochs=25, callbacks=callbacks, verbose=0)
    print("k", float(model.k), "loss", history.history["loss"][-1])
    return history


if __name__ == "__main__":
    run([])
