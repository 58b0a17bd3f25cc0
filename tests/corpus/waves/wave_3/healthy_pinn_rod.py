"""Physics-informed network for a heated rod: no labels at all, the loss is the residual of u'' = -pi^2 sin(pi x)."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers


class Rod(keras.Model):
    def __init__(self):
        super().__init__()
        self.body = keras.Sequential([
            keras.Input((1,)),
            layers.Dense(24, activation="tanh"),
            layers.Dense(24, activation="tanh"),
            layers.Dense(1),
        ])
        self.residual = keras.metrics.Mean(name="residual")
        self.edge = keras.metrics.Mean(name="edge")
        self.total = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.total, self.residual, self.edge]

    def call(self, x):
        return self.body(x)

    def train_step(self, x):
        ends = tf.constant([[0.0], [1.0]])
        with tf.GradientTape() as outer:
            with tf.GradientTape() as second:
                second.watch(x)
                with tf.GradientTape() as first:
                    first.watch(x)
                    u = self(x, training=True)
                du = first.gradient(u, x)
            d2u = second.gradient(du, x)
            heat = -np.pi ** 2 * tf.sin(np.pi * x)
            res = tf.reduce_mean(tf.square(d2u - heat))
            edge = tf.reduce_mean(tf.square(self(ends, training=True)))
            loss = res + 20.0 * edge
        grads = outer.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.total.update_state(loss)
        self.residual.update_state(res)
        self.edge.update_state(edge)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(90)
    x = np.random.default_rng(0).uniform(0, 1, (2048, 1)).astype("float32")
    points = tf.data.Dataset.from_tensor_slices(x).shuffle(2048).batch(64)
    rod = Rod()
    rod.compile(optimizer=keras.optimizers.Adam(3e-3))
    hist = rod.fit(points, epochs=20, callbacks=callbacks, verbose=0)
    grid = np.linspace(0, 1, 50, dtype="float32")[:, None]
    print("largest error against sin(pi x):", np.abs(rod.predict(grid, verbose=0) - np.sin(np.pi * grid)).max().round(4))
    return hist


if __name__ == "__main__":
    run([])
