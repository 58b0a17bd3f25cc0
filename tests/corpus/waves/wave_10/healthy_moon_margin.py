"""Separate two interleaved half moons with a large margin: labels -1 and +1 with the squared hinge loss and a linear output."""
import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import make_moons


class Fourier(layers.Layer):
    """Fixed random cosine features, which stand for a Gaussian kernel; only the layer behind them is trained."""

    def __init__(self, units, width, seed, **kwargs):
        super().__init__(**kwargs)
        rng = np.random.default_rng(seed)
        self.units = units
        self.directions = rng.normal(0, 1 / width, (2, units)).astype("float32")
        self.phases = rng.uniform(0, 2 * np.pi, units).astype("float32")

    def call(self, points):
        return ops.sqrt(2.0) * ops.cos(ops.matmul(points, self.directions) + self.phases)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)


def right_side(y_true, y_pred):
    return ops.cast(ops.sign(y_true[:, 0]) == ops.sign(y_pred[:, 0]), "float32")


def run(callbacks):
    keras.utils.set_random_seed(57)
    points, moon = make_moons(3000, noise=0.15, random_state=57)
    points = points.astype("float32")
    side = np.where(moon == 1, 1.0, -1.0).astype("float32")[:, None]
    model = keras.Sequential([
        keras.Input((2,)),
        Fourier(200, width=0.5, seed=3, name="kernel_features"),
        layers.Dense(1, kernel_regularizer=keras.regularizers.L2(1e-4), name="margin"),
    ], name="kernel_machine")
    model.compile(
        optimizer=keras.optimizers.SGD(0.002, momentum=0.9),
        loss=keras.losses.SquaredHinge(),
        metrics=[right_side],
    )
    model.fit(points[:2400], side[:2400], batch_size=32, epochs=15, validation_data=(points[2400:], side[2400:]),
              callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
