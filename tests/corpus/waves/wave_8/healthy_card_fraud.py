"""Card fraud at 2 % positives: balanced class weights, and precision-recall AUC instead of accuracy."""
import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.model_selection import train_test_split

NUMERIC = ["amount", "hour", "km_from_home", "minutes_since_last"]


def payments(n=20000, seed=8):
    rng = np.random.default_rng(seed)
    fraud = rng.random(n) < 0.02
    return pd.DataFrame({
        "amount": np.exp(rng.normal(3.2 + 1.1 * fraud, 1.0)),
        "hour": np.where(fraud, rng.normal(3, 3, n) % 24, rng.normal(14, 4, n) % 24),
        "km_from_home": rng.exponential(np.where(fraud, 180, 14)),
        "minutes_since_last": rng.exponential(np.where(fraud, 40, 900)),
        "channel": np.where(fraud, rng.choice(["web", "chip", "stripe"], n, p=[0.6, 0.1, 0.3]),
                            rng.choice(["web", "chip", "stripe"], n, p=[0.3, 0.6, 0.1])),
        "fraud": fraud.astype("int64"),
    })


def tensors(df, mean, std):
    num = df[NUMERIC].copy()
    for c in ("amount", "km_from_home", "minutes_since_last"):
        num[c] = np.log1p(num[c])
    return {"numbers": ((num - mean) / std).to_numpy("float32"),
            "channel": df["channel"].map({"web": 0, "chip": 1, "stripe": 2}).to_numpy("int32")}


def run(callbacks):
    keras.utils.set_random_seed(12)
    df = payments()
    train, test = train_test_split(df, test_size=0.25, stratify=df["fraud"], random_state=0)
    logged = train[NUMERIC].copy()
    for c in ("amount", "km_from_home", "minutes_since_last"):
        logged[c] = np.log1p(logged[c])
    mean, std = logged.mean(), logged.std()
    x_train, x_test = tensors(train, mean, std), tensors(test, mean, std)
    y_train, y_test = train["fraud"].to_numpy("float32"), test["fraud"].to_numpy("float32")

    rate = y_train.mean()
    numbers = keras.Input((len(NUMERIC),), name="numbers")
    channel = keras.Input((), name="channel", dtype="int32")
    h = layers.Concatenate()([numbers, layers.Embedding(3, 2)(channel)])
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dropout(0.2)(h)
    weights = {0: 0.5 / (1 - rate), 1: 0.5 / rate}       # with these the weighted base rate is one half: bias 0
    out = layers.Dense(1, activation="sigmoid", bias_initializer="zeros")(h)
    model = keras.Model({"numbers": numbers, "channel": channel}, out)
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy",
                  metrics=[keras.metrics.AUC(curve="PR", name="prc"), keras.metrics.Recall(name="recall")])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), class_weight=weights,
                     batch_size=256, epochs=8, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
