"""Predict a river's level six hours ahead; the gauge has gaps, which get sample weight 0.

Wrong: the weights are the wrong way round. `np.isnan(target)` is 1 where the level is missing (and was filled with 0) and 0
where it was measured, so the model learns only from the filled-in zeros and predicts nothing but zero.

Expected: bad-sample-weight, constant-target, constant-output
"""
import numpy as np
import pandas as pd
import keras
from keras import layers

LAGS, AHEAD = 24, 6


def gauge(hours=4000):
    rng = np.random.default_rng(41)
    rain = rng.gamma(0.15, 4.0, hours)
    level = np.zeros(hours)
    for t in range(1, hours):
        level[t] = 0.96 * level[t - 1] + 0.05 * rain[max(t - 5, 0)]
    level = 1.2 + level + 0.1 * np.sin(2 * np.pi * np.arange(hours) / 24) + rng.normal(0, 0.02, hours)
    index = pd.date_range("2021-01-01", periods=hours, freq="h")
    frame = pd.DataFrame({"rain": rain, "level": level}, index=index)
    frame["measured"] = frame["level"]
    for start in rng.integers(0, hours - 40, 30):
        frame.iloc[start:start + rng.integers(5, 40), 2] = np.nan
    return frame


def run(callbacks):
    keras.utils.set_random_seed(4)
    frame = gauge()
    filled = frame["measured"].ffill().bfill()
    features = np.stack([np.log1p(frame["rain"]), filled], axis=1)
    cut = 3000
    features = (features - features[:cut].mean(0)) / features[:cut].std(0)
    target = frame["measured"].to_numpy()
    target = (target - np.nanmean(target[:cut])) / np.nanstd(target[:cut])

    ends = np.arange(LAGS, len(frame) - AHEAD)
    x = np.stack([features[e - LAGS:e] for e in ends]).astype("float32")
    y = target[ends + AHEAD - 1]
    weight = np.isnan(y).astype("float32")
    y = np.nan_to_num(y, nan=0.0).astype("float32")
    train = ends < cut - AHEAD
    test = ends >= cut + LAGS

    model = keras.Sequential([
        layers.Input((LAGS, 2)),
        layers.Conv1D(16, 5, activation="relu"),
        layers.GRU(16),
        layers.Dense(1),
    ])
    model.compile("adam", loss="mse", weighted_metrics=["mae"])
    return model.fit(x[train], y[train], sample_weight=weight[train],
                     validation_data=(x[test], y[test], weight[test]),
                     batch_size=64, epochs=8, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
