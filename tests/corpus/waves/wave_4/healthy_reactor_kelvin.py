"""Predict the yield of a reactor from temperatures in kelvin and pressures in pascal."""
import keras
import numpy as np
import pandas as pd
from keras import layers


def batches(n=3500):
    rng = np.random.default_rng(71)
    inlet = rng.uniform(300, 350, n)
    jacket = inlet + rng.uniform(20, 90, n)
    pressure = rng.uniform(1.0e5, 9.0e5, n)
    hours = rng.uniform(0.5, 6, n)
    rate = 2.0e4 * np.exp(-4600 / jacket) * (pressure / 1e5) ** 0.3
    gained = 1 - np.exp(-rate * hours * 0.6)
    lost = 0.15 * (jacket > 410) * (jacket - 410) / 30
    result = 100 * (gained - lost) + rng.normal(0, 1.0, n)
    return pd.DataFrame(
        {"inlet_K": inlet, "jacket_K": jacket, "pressure_Pa": pressure,
         "hours": hours, "yield_pct": result}
    )


def run(callbacks):
    keras.utils.set_random_seed(42)
    df = batches()
    test = df.sample(frac=0.2, random_state=3)
    train = df.drop(test.index)
    names = ["inlet_K", "jacket_K", "pressure_Pa", "hours"]

    inputs, scaled = {}, []
    for name in names:
        inputs[name] = keras.Input((1,), name=name)
        norm = layers.Normalization(axis=None)
        norm.adapt(train[[name]].to_numpy("float32"))
        scaled.append(norm(inputs[name]))
    h = layers.Concatenate()(scaled)
    h = layers.Dense(40, activation="softplus")(h)
    h = layers.Dense(40, activation="softplus")(h)
    out = layers.Dense(1)(h)
    # the network works in units of about one, the plant reads per cent
    y_mean, y_std = float(train["yield_pct"].mean()), float(train["yield_pct"].std())
    out = layers.Rescaling(y_std, offset=y_mean, name="yield_pct")(out)
    model = keras.Model(inputs, out)

    def as_dict(part):
        return {name: part[[name]].to_numpy("float32") for name in names}

    model.compile(keras.optimizers.Adam(4e-3), loss="mse", metrics=["mae"])
    return model.fit(
        as_dict(train), train[["yield_pct"]].to_numpy("float32"), batch_size=64,
        epochs=20,
        validation_data=(as_dict(test), test[["yield_pct"]].to_numpy("float32")),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
