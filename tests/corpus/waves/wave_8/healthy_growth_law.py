"""A physics-informed net: solves the growth law u' = r u (1 - u), u(0) = 0.1. There are no labels; the loss is the residual of the law.

``u(t) = 0.1 + (1 - exp(-t)) * net(t)`` meets the start value by construction; the derivative comes from a gradient tape.
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

RATE, START, END = 1.3, 0.1, 6.0


def solution(t):
    return 1 / (1 + (1 / START - 1) * np.exp(-RATE * t))


class GrowthLaw(keras.Model):
    def __init__(self):
        super().__init__()
        self.net = keras.Sequential([
            keras.Input((1,)),
            layers.Rescaling(2 / END, offset=-1.0),
            layers.Dense(32, activation="tanh"),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1),
        ])
        self.residual = keras.metrics.Mean(name="residual")

    @property
    def metrics(self):
        return [self.residual]

    def call(self, t):
        return START + (1 - tf.exp(-t)) * self.net(t)

    def train_step(self, t):
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(t)
                u = self(t, training=True)
            slope = inner.gradient(u, t)
            loss = tf.reduce_mean(tf.square(slope - RATE * u * (1 - u)))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables))
        self.residual.update_state(loss)
        return {"residual": self.residual.result()}


def run(callbacks):
    keras.utils.set_random_seed(61)
    t = np.random.default_rng(61).uniform(0, END, (2048, 1)).astype("float32")
    model = GrowthLaw()
    steps = 60 * 2048 // 64
    model.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, steps, alpha=0.02)))
    history = model.fit(t, batch_size=64, epochs=60, callbacks=callbacks, verbose=0)
    grid = np.linspace(0, END, 200, dtype="float32")[:, None]
    print("residual", history.history["residual"][-1], "largest error",
          np.abs(model.predict(grid, verbose=0) - solution(grid)).max())
    return history


if __name__ == "__main__":
    run([])
