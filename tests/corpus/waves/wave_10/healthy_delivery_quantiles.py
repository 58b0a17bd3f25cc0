"""Forecast the 10, 50 and 90 % quantile of delivery times with the pinball loss; the three outputs can't cross."""
import keras
import numpy as np
from keras import layers, ops

LEVELS = np.array([0.1, 0.5, 0.9], "float32")


def deliveries(n=4000, seed=15):
    rng = np.random.default_rng(seed)
    km = rng.gamma(2.5, 1.6, n)
    rush = rng.random(n) < 0.35
    rain = rng.random(n) < 0.25
    parcels = rng.integers(1, 9, n)
    hours = (0.2 + 0.11 * km * (1 + 0.5 * rush) + 0.04 * parcels) * rng.lognormal(0, 0.12 + 0.25 * rain, n)
    x = np.stack([km, rush, rain, parcels], axis=1).astype("float32")
    return x, hours.astype("float32")[:, None]


def pinball(y_true, y_pred):
    error = y_true - y_pred
    return ops.mean(ops.maximum(LEVELS * error, (LEVELS - 1.0) * error), axis=-1)


def covered(y_true, y_pred):
    inside = ops.logical_and(y_true[:, 0] >= y_pred[:, 0], y_true[:, 0] <= y_pred[:, 2])
    return ops.cast(inside, "float32")


def run(callbacks):
    keras.utils.set_random_seed(15)
    x, y = deliveries()
    x_train, y_train, x_val, y_val = x[:3200], y[:3200], x[3200:], y[3200:]

    norm = layers.Normalization(name="norm")
    norm.adapt(x_train)
    trip = keras.Input((4,), name="trip")
    h = norm(trip)
    h = layers.Dense(48, activation="swish", name="h1")(h)
    h = layers.Dense(48, activation="swish", name="h2")(h)
    low = layers.Dense(1, name="low")(h)
    step_1 = layers.Dense(1, activation="softplus", name="step_1")(h)
    step_2 = layers.Dense(1, activation="softplus", name="step_2")(h)
    middle = layers.Add(name="middle")([low, step_1])
    high = layers.Add(name="high")([middle, step_2])
    quantiles = layers.Concatenate(name="quantiles")([low, middle, high])
    model = keras.Model(trip, quantiles)
    model.compile(keras.optimizers.Adam(2e-3), loss=pinball, metrics=[covered])
    model.fit(x_train, y_train, batch_size=64, epochs=25, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
