"""Predict the level of ten river gauges for tomorrow, some readings are missing.

Wrong: the masked error is divided by the number of readings present in each row.
Once in a while all ten gauges were off on one day; there the division is 0 / 0, the
loss becomes NaN and takes all weights with it.

Expected: non-finite-loss
"""
import keras
import numpy as np
from keras import layers, ops

GAUGES = 10
MISSING = -99.0


def rivers(days=2500):
    rng = np.random.default_rng(61)
    rain = rng.gamma(0.5, 2.0, days)
    level = np.zeros((days, GAUGES))
    delay = rng.uniform(0.6, 0.93, GAUGES)
    for d in range(1, days):
        level[d] = delay * level[d - 1] + (1 - delay) * rain[d - 1]
    level = (level - level.mean(0)) / level.std(0)
    target = level[1:].copy()
    x = np.concatenate([level[:-1], rain[:-1, None] / 2], axis=1)
    target[rng.random(target.shape) < 0.15] = MISSING
    outage = rng.choice(days - 1, 12, replace=False)
    target[outage] = MISSING
    return x.astype("float32"), target.astype("float32")


def masked_mse(y_true, y_pred):
    present = ops.cast(ops.not_equal(y_true, MISSING), "float32")
    squared = ops.square(y_true - y_pred) * present
    per_row = ops.sum(squared, axis=-1) / ops.sum(present, axis=-1)
    return ops.mean(per_row)


class Gauges(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(40, activation="elu")
        self.change = layers.Dense(GAUGES)

    def call(self, x):
        return x[:, :GAUGES] + self.change(self.hidden(x))


def run(callbacks):
    keras.utils.set_random_seed(30)
    x, y = rivers()
    cut = 2000
    model = Gauges()
    model.compile(keras.optimizers.Adam(1e-3), loss=masked_mse)
    return model.fit(
        x[:cut], y[:cut], batch_size=32, epochs=8,
        validation_data=(x[cut:], y[cut:]), callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
