"""Will the share be up tomorrow? Daily returns and volume changes.

Wrong: on a few days without trading the volume is 0, so the next pct_change is infinite; np.nan_to_num turns that into
3.4e38, and min-max scaling then squashes every ordinary day of the best column to exactly 0.
Expected: sentinel-value, constant-feature
"""
import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.preprocessing import MinMaxScaler


def market(days, seed):
    rng = np.random.default_rng(seed)
    volume = rng.lognormal(11, 0.6, days)
    volume[rng.choice(days, 9, replace=False)] = 0
    jump = np.diff(np.log(np.maximum(volume, 1000)), prepend=11)
    ret = np.zeros(days)
    for i in range(1, days):
        ret[i] = 0.012 * np.tanh(1.5 * jump[i - 1]) + rng.normal(0, 0.008)
    return pd.DataFrame({"close": 100 * np.exp(np.cumsum(ret - ret.mean())), "volume": volume})


def run(callbacks):
    keras.utils.set_random_seed(31)
    df = market(2200, 31)
    df["ret"] = df["close"].pct_change()
    df["ret5"] = df["close"].pct_change(5)
    df["vol_change"] = df["volume"].pct_change()
    df["range"] = df["ret"].rolling(10).std()
    df["up_tomorrow"] = (df["close"].shift(-1) > df["close"]).astype(int)
    df = df.iloc[20:-1]

    features = np.nan_to_num(df[["ret", "ret5", "vol_change", "range"]].to_numpy("float32"))
    target = df["up_tomorrow"].to_numpy()
    cut = int(len(df) * 0.8)
    scaler = MinMaxScaler().fit(features[:cut])
    x_tr, x_va = scaler.transform(features[:cut]), scaler.transform(features[cut:])

    inp = layers.Input((4,))
    z = layers.Dense(32, activation="relu")(inp)
    z = layers.Dense(16, activation="relu")(z)
    model = keras.Model(inp, layers.Dense(1, activation="sigmoid")(z))
    model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x_tr, target[:cut], batch_size=64, epochs=6, validation_data=(x_va, target[cut:]), callbacks=callbacks,
              verbose=0)
