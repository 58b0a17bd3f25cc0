"""Store a height map in the weights of a net with sine layers: coordinates in, height out, all points are training points on purpose."""
import keras
import numpy as np
from keras import layers, ops

SIDE = 48
OMEGA = 12.0


def terrain():
    y, x = np.mgrid[-1:1:SIDE * 1j, -1:1:SIDE * 1j]
    height = (np.exp(-((x - 0.3) ** 2 + (y + 0.2) ** 2) / 0.1) - 0.7 * np.exp(-((x + 0.5) ** 2 + (y - 0.4) ** 2) / 0.05)
              + 0.25 * np.sin(7 * x + 3 * y) + 0.15 * np.cos(11 * y))
    points = np.stack([x.ravel(), y.ravel()], axis=1).astype("float32")
    height = height.ravel()[:, None].astype("float32")
    return points, height / np.abs(height).max()


class SineDense(layers.Layer):
    def __init__(self, units, first=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.first = first

    def build(self, input_shape):
        fan_in = input_shape[-1]
        limit = 1.0 / fan_in if self.first else np.sqrt(6.0 / fan_in) / OMEGA
        uniform = keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight(shape=(fan_in, self.units), initializer=uniform, name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, inputs):
        return ops.sin(OMEGA * (ops.matmul(inputs, self.kernel) + self.bias))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)


def run(callbacks):
    keras.utils.set_random_seed(40)
    points, height = terrain()
    place = keras.Input((2,), name="place")
    h = SineDense(64, first=True, name="sine_1")(place)
    h = SineDense(64, name="sine_2")(h)
    h = SineDense(64, name="sine_3")(h)
    out = layers.Dense(1, name="height")(h)
    model = keras.Model(place, out, name="terrain")
    model.compile(keras.optimizers.Adam(5e-4), loss="mse", metrics=["mae"])
    model.fit(points, height, batch_size=96, epochs=60, callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
