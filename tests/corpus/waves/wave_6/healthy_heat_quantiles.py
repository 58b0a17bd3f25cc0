"""District heating: 10, 50 and 90 percent quantiles of tomorrow's demand with the pinball loss, split in time order."""
import keras
import numpy as np
import pandas as pd
from keras import layers, ops

TAUS = np.array([0.1, 0.5, 0.9], "float32")


def history(days=1500):
    rng = np.random.default_rng(11)
    when = pd.date_range("2015-01-01", periods=days)
    season = np.cos(2 * np.pi * (when.dayofyear.to_numpy() - 20) / 365.25)
    temp = 9 - 11 * season
    cold = np.zeros(days)
    for t in range(1, days):
        cold[t] = 0.75 * cold[t - 1] + rng.normal(0, 2.2)
    temp = temp + cold
    demand = np.maximum(17 - temp, 0) * 9 + 30 + rng.normal(0, 1, days) * (4 + 3 * (season + 1))
    return pd.DataFrame({"demand": demand, "temp": temp, "season": season, "weekday": when.dayofweek}, index=when)


def features(df):
    f = pd.DataFrame({f"lag{k}": df.demand.shift(k) for k in (1, 2, 7)})
    f["temp_yesterday"] = df.temp.shift(1)
    f["temp_trend"] = df.temp.shift(1) - df.temp.shift(2)
    f["season"] = df.season
    f["weekend"] = (df.weekday >= 5).astype(float)
    f["target"] = df.demand
    return f.dropna()


def pinball(y, q):
    """y is (batch, 1), q is (batch, 3): one column for each quantile."""
    e = y - q
    return ops.mean(ops.maximum(TAUS * e, (TAUS - 1) * e), axis=-1)


def coverage(y, q):
    inside = ops.logical_and(y >= q[:, :1], y <= q[:, 2:])
    return ops.mean(ops.cast(inside, "float32"))


def run(callbacks):
    keras.utils.set_random_seed(11)
    f = features(history())
    target = f.pop("target").to_numpy("float32")[:, None]
    x = f.to_numpy("float32")
    cut = int(0.75 * len(x))
    m, s = x[:cut].mean(0), x[:cut].std(0)
    tm, ts = target[:cut].mean(), target[:cut].std()
    x, target = (x - m) / s, (target - tm) / ts
    model = keras.Sequential([
        keras.Input((x.shape[1],)),
        layers.Dense(32, activation="swish"),
        layers.Dense(16, activation="swish"),
        layers.Dense(3),
    ])
    model.compile(keras.optimizers.Adam(2e-3), loss=pinball, metrics=[coverage])
    model.fit(x[:cut], target[:cut], validation_data=(x[cut:], target[cut:]), batch_size=32, epochs=15, verbose=2,
              callbacks=callbacks)
    return model
