"""Solve the equation of a damped pendulum with a network: there are no labels at all."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

DAMPING, FREQUENCY = 0.3, 2.0
END = 3.0


class Solver(keras.Model):
    """u(t) with u'' + 2 d u' + f^2 u = 0, u(0) = 1, u'(0) = 0."""

    def __init__(self):
        super().__init__()
        self.net = keras.Sequential(
            [
                layers.Rescaling(2 / END, offset=-1.0),
                layers.Dense(32, activation="tanh"),
                layers.Dense(32, activation="tanh"),
                layers.Dense(1),
            ]
        )

    def call(self, t):
        # the start values hold by construction
        return 1.0 + t**2 * self.net(t)

    def residual(self, t):
        with tf.GradientTape() as outer:
            outer.watch(t)
            with tf.GradientTape() as inner:
                inner.watch(t)
                u = self(t)
            du = inner.gradient(u, t)
        ddu = outer.gradient(du, t)
        return ddu + 2 * DAMPING * du + FREQUENCY**2 * u

    def train_step(self, data):
        t, zeros = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=zeros, y_pred=self.residual(t))
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
        for metric in self.metrics:
            metric.update_state(loss)  # the mean loss is the only metric
        return {m.name: m.result() for m in self.metrics}


def exact(t):
    w = np.sqrt(FREQUENCY**2 - DAMPING**2)
    return np.exp(-DAMPING * t) * (np.cos(w * t) + DAMPING / w * np.sin(w * t))


def run(callbacks):
    keras.utils.set_random_seed(57)
    t = np.random.default_rng(1).uniform(0, END, (1600, 1)).astype("float32")
    model = Solver()
    schedule = keras.optimizers.schedules.CosineDecay(5e-3, decay_steps=2000)
    model.compile(keras.optimizers.Adam(schedule), loss="mse")
    # the residual of the equation should be zero everywhere
    history = model.fit(
        t, np.zeros_like(t), batch_size=64, epochs=80, callbacks=callbacks, verbose=2
    )
    grid = np.linspace(0, END, 50, dtype="float32")[:, None]
    error = np.abs(model.predict(grid, verbose=0) - exact(grid)).max()
    print("largest error of the solution:", error)
    return history


if __name__ == "__main__":
    run([])
