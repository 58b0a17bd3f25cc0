"""House prices in full currency units; both the inputs and the price are scaled by layers inside the model."""
import keras
import numpy as np
import pandas as pd
from keras import layers


def sales(n=4000):
    rng = np.random.default_rng(102)
    df = pd.DataFrame({
        "square_feet": rng.normal(1700, 500, n).clip(500, 4000).round(),
        "lot": rng.lognormal(8.8, 0.5, n).round(),
        "built": rng.integers(1900, 2023, n),
        "rooms": rng.integers(1, 9, n),
        "km_centre": rng.gamma(2, 4, n),
    })
    price = (180 * df.square_feet * np.exp(-0.03 * df.km_centre) + 4 * df.lot + 1200 * (df.built - 1900)
             + 9000 * df.rooms) * rng.lognormal(0, 0.07, n)
    return df.astype("float32"), price.round(-2).astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(2)
    x, price = sales()
    x, price = x.to_numpy(), price.to_numpy()[:, None]
    train, val = slice(0, 3200), slice(3200, None)

    scale_in = layers.Normalization()
    scale_in.adapt(x[train])
    inp = keras.Input((5,))
    h = scale_in(inp)
    h = layers.Dense(64, activation="swish")(h)
    h = layers.Dense(64, activation="swish")(h)
    h = layers.Dense(1)(h)
    out = layers.Rescaling(scale=float(price[train].std()), offset=float(price[train].mean()), name="price")(h)
    model = keras.Model(inp, out)
    model.compile(keras.optimizers.Adam(2e-3), loss="mae",
                  metrics=[keras.metrics.MeanAbsolutePercentageError(name="mape"), keras.metrics.R2Score(name="r2")])
    return model.fit(x[train], price[train], batch_size=32, epochs=15, validation_data=(x[val], price[val]),
                     callbacks=callbacks, verbose=2)
