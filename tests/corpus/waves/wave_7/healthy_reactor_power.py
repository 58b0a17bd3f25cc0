"""Estimates a reactor's thermal power in watts (about 3e9) from raw plant readings; all scaling lives inside the model.

The training target stays in watts. A last Rescaling layer maps the network's unit-size output to watts, and the loss divides
the error by the same spread, so the gradients are of ordinary size.
"""
import numpy as np
import keras
from keras import layers, ops


def plant(n=4000):
    rng = np.random.default_rng(2)
    flow = rng.normal(17_500.0, 900.0, n)
    t_in = rng.normal(565.0, 3.0, n)
    rods = rng.uniform(0.0, 230.0, n)
    boron = rng.normal(900.0, 250.0, n)
    rise = 36.0 - 0.04 * rods - 0.006 * (boron - 900) + rng.normal(0, 0.2, n)
    watts = flow * 5.2e3 * rise
    return np.stack([flow, t_in, rods, boron], axis=1).astype("float32"), watts.astype("float64")


class ScaledMSE(keras.losses.Loss):
    def __init__(self, spread):
        super().__init__(name="scaled_mse")
        self.spread = spread

    def call(self, y_true, y_pred):
        return ops.mean(ops.square((y_true - y_pred) / self.spread), axis=-1)


def run(callbacks):
    keras.utils.set_random_seed(2)
    readings, watts = plant()
    cut = 3200
    center, spread = float(watts[:cut].mean()), float(watts[:cut].std())

    normalise = layers.Normalization()
    normalise.adapt(readings[:cut])
    inputs = keras.Input((4,))
    h = normalise(inputs)
    h = layers.Dense(32, activation="gelu")(h)
    h = layers.Dense(16, activation="gelu")(h)
    h = layers.Dense(1)(h)
    power = layers.Rescaling(spread, offset=center, name="watts")(h)
    model = keras.Model(inputs, power)
    model.compile(keras.optimizers.Adam(3e-3), loss=ScaledMSE(spread), metrics=["mape"])
    return model.fit(readings[:cut], watts[:cut, None], validation_data=(readings[cut:], watts[cut:, None]),
                     batch_size=64, epochs=10, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_mape"])
