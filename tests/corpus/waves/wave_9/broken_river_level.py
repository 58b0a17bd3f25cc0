"""Tomorrow's river level from gauges up the river and the rain of two weather stations, joined by date.

Wrong: one rain station began a year later, so the left join leaves NaN in its column; nothing fills or drops them, and the loss is
NaN from the first batch that holds such a row.
Expected: non-finite-input
"""
import numpy as np
import pandas as pd
import keras
from keras import layers


def series(seed=6, days=2500):
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2015-01-01", periods=days, freq="D")
    wet = pd.Series(rng.gamma(0.4, 8.0, days), index=dates)
    hills = (wet * rng.uniform(0.7, 1.4, days)).rename("rain_hills")
    valley = (wet * rng.uniform(0.4, 1.1, days)).rename("rain_valley")
    level = 1.2 + 0.02 * hills.ewm(span=6).mean() + 0.05 * valley.ewm(span=3).mean()
    gauges = pd.DataFrame({"upper": level + rng.normal(0, 0.02, days), "lower": level.shift(1).bfill() * 1.3})
    return gauges, hills, valley.iloc[365:]


def run(callbacks):
    keras.utils.set_random_seed(19)
    gauges, hills, valley = series()
    table = gauges.join(hills, how="left").join(valley, how="left")
    table["doy_sin"] = np.sin(2 * np.pi * table.index.dayofyear / 365.25)
    table["doy_cos"] = np.cos(2 * np.pi * table.index.dayofyear / 365.25)
    target = table["lower"].shift(-1)
    table, target = table.iloc[:-1], target.iloc[:-1]

    cut = int(len(table) * 0.8)
    mean, std = table.iloc[:cut].mean(), table.iloc[:cut].std()
    x = ((table - mean) / std).to_numpy("float32")
    t_mean, t_std = target.iloc[:cut].mean(), target.iloc[:cut].std()
    y = ((target - t_mean) / t_std).to_numpy("float32")

    window = 10
    x = np.lib.stride_tricks.sliding_window_view(x, window, axis=0).swapaxes(1, 2)
    y = y[window - 1:]

    model = keras.Sequential([
        layers.Input((window, x.shape[-1])),
        layers.LSTM(32),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    ])
    model.compile(optimizer="adam", loss=keras.losses.Huber(), metrics=["mae"])
    return model.fit(np.ascontiguousarray(x[:cut]), y[:cut], batch_size=32, epochs=5,
                     validation_data=(np.ascontiguousarray(x[cut:]), y[cut:]), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
