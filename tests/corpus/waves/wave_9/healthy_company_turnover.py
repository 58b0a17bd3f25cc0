"""Yearly turnover of companies in euros. The net works on standardised values; its last layer turns them back into euros.

The targets are in the hundreds of thousands, and so is the loss, but the model holds the scale itself and Adam does not mind.
"""
import numpy as np
import pandas as pd
import keras
from keras import layers


def companies(n=4000, seed=15):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "employees": rng.integers(3, 120, n),
        "age_years": rng.integers(1, 60, n),
        "exports": rng.beta(1.5, 4, n),
        "online": rng.integers(0, 2, n),
    })
    turnover = frame.employees * (9_000 + 6_000 * frame.exports) * (1 + 0.15 * frame.online) * (1 + 0.004 * frame.age_years)
    frame["turnover"] = turnover * rng.normal(1, 0.06, n)
    return frame


def build(x_train, y_train):
    scale_in = layers.Normalization(name="scale_in")
    scale_in.adapt(x_train)
    inp = keras.Input((x_train.shape[1],))
    h = scale_in(inp)
    h = layers.Dense(48, activation="relu")(h)
    h = layers.Dense(48, activation="relu")(h)
    h = layers.Dense(1)(h)
    euros = layers.Rescaling(scale=float(y_train.std()), offset=float(y_train.mean()), name="euros")(h)
    return keras.Model(inp, euros)


def run(callbacks):
    keras.utils.set_random_seed(6)
    frame = companies()
    y = frame.pop("turnover").to_numpy("float32")
    x = frame.to_numpy("float32")
    train, valid = slice(0, 3200), slice(3200, None)
    model = build(x[train], y[train])
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse",
                  metrics=["mae", keras.metrics.R2Score(name="r2")])
    return model.fit(x[train], y[train, None], batch_size=64, epochs=12, validation_data=(x[valid], y[valid, None]),
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
