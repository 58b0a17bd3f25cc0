"""Heteroscedastic regression: the net gives a mean and a log-variance; the Gaussian likelihood makes the loss negative."""
import keras
import numpy as np
from keras import layers, ops


def nll(y_true, y_pred):
    mean, log_var = y_pred[:, :1], y_pred[:, 1:]
    return 0.5 * (log_var + ops.square(y_true - mean) * ops.exp(-log_var))


def run(callbacks):
    rng = np.random.default_rng(2)
    keras.utils.set_random_seed(2)
    x = rng.uniform(-1, 1, (3000, 2))
    sigma = 0.03 + 0.1 * (x[:, 1] > 0)
    y = 0.6 * np.sin(3 * x[:, 0]) + 0.3 * x[:, 1] + rng.normal(size=3000) * sigma
    model = keras.Sequential([
        layers.Input((2,)),
        layers.Dense(32, activation="swish"),
        layers.Dense(32, activation="swish"),
        layers.Dense(2),
    ])
    model.compile(optimizer=keras.optimizers.Adam(0.004), loss=nll)
    model.fit(x[:2400], y[:2400, None], epochs=6, batch_size=50, validation_data=(x[2400:], y[2400:, None]),
              callbacks=callbacks, verbose=0)
