"""Predict the range left of an electric bicycle together with its own uncertainty; the loss (Gaussian likelihood) goes below zero."""
import keras
import numpy as np
from keras import layers, ops
from sklearn.preprocessing import StandardScaler


def rides(n=4000, seed=36):
    rng = np.random.default_rng(seed)
    charge = rng.uniform(0.05, 1.0, n)
    temperature = rng.normal(14, 8, n)
    rider = rng.normal(78, 14, n)
    hills = rng.gamma(1.5, 0.5, n)
    support = rng.integers(1, 5, n)
    km = 110 * charge * (1 - 0.12 * support) * (1 + 0.006 * (temperature - 14)) * 78 / (40 + 0.5 * rider) / (1 + 0.2 * hills)
    km = km * np.exp(rng.normal(0, 0.02 + 0.04 * hills, n))
    return np.stack([charge, temperature, rider, hills, support], axis=1), km


def gauss_nll(y_true, y_pred):
    mean, log_sigma = y_pred[:, :1], y_pred[:, 1:]
    log_sigma = ops.clip(log_sigma, -5.0, 3.0)
    return ops.mean(log_sigma + 0.5 * ops.square((y_true - mean) * ops.exp(-log_sigma)), axis=-1)


def mean_error(y_true, y_pred):
    return ops.abs(y_true[:, 0] - y_pred[:, 0])


def run(callbacks):
    keras.utils.set_random_seed(36)
    x, km = rides()
    cut = 3200
    scale_x = StandardScaler().fit(x[:cut])
    scale_y = StandardScaler().fit(km[:cut, None])
    x = scale_x.transform(x).astype("float32")
    y = scale_y.transform(km[:, None]).astype("float32")

    ride = keras.Input((5,), name="ride")
    h = layers.Dense(64, activation="swish", name="h1")(ride)
    h = layers.Dense(64, activation="swish", name="h2")(h)
    both = layers.Dense(2, name="mean_and_log_sigma")(h)
    model = keras.Model(ride, both, name="range")
    model.compile(keras.optimizers.Adam(1e-3, clipnorm=5.0), loss=gauss_nll, metrics=[mean_error])
    model.fit(x[:cut], y[:cut], batch_size=64, epochs=25, validation_data=(x[cut:], y[cut:]), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
