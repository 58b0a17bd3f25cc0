"""Prices of public tenders from 20,000 to several million euros; the net works in standard units and converts at its exit.

The last layer is ``Normalization(invert=True)`` adapted to the training prices, so loss and metric read in euros, but the weights
stay near 1. Adam doesn't mind the scale of the loss.
"""
import keras
import numpy as np
from keras import layers


def tenders(n=4000, seed=20):
    rng = np.random.default_rng(seed)
    km = rng.gamma(2.0, 3.0, n)
    lanes = rng.choice([1, 2, 3, 4], n, p=[0.3, 0.5, 0.1, 0.1])
    bridge = rng.random(n) < 0.1
    urban = rng.random(n) < 0.35
    year = rng.integers(2005, 2024, n)
    price = (60_000 * km * lanes * (1 + 0.5 * urban) * 1.02 ** (year - 2005) + 1_400_000 * bridge + 20_000)
    price *= np.exp(rng.normal(0, 0.06, n))
    return np.column_stack([km, lanes, bridge, urban, year]).astype("float32"), price.astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(15)
    X, price = tenders()
    X_train, X_test, p_train, p_test = X[:3200], X[3200:], price[:3200, None], price[3200:, None]

    to_units = layers.Normalization(name="to_units")
    to_units.adapt(X_train)
    to_euros = layers.Normalization(axis=None, invert=True, name="to_euros")
    to_euros.adapt(p_train)

    inputs = keras.Input((5,))
    h = to_units(inputs)
    for units in (64, 64):
        h = layers.Dense(units, activation="swish")(h)
    euros = to_euros(layers.Dense(1)(h))
    model = keras.Model(inputs, euros)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mean_absolute_error",
                  metrics=[keras.metrics.R2Score(name="r2")])
    return model.fit(X_train, p_train, validation_data=(X_test, p_test), batch_size=64, epochs=20,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
