"""Predict at application time whether a small loan will be paid back.

Wrong: the export has a column that is filled only afterwards, "recovered_amount"
(what collectors got back after a default). It is above zero for defaults only,
so the network needs nothing else, and scores near 100 % on data it will never see.

Expected: target-leakage, target-in-input
"""
import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def export(n=5000):
    rng = np.random.default_rng(41)
    df = pd.DataFrame(
        {
            "income": rng.lognormal(7.8, 0.4, n),
            "amount": rng.lognormal(8.3, 0.6, n),
            "months": rng.choice([12, 24, 36, 48], n),
            "age": rng.integers(19, 75, n),
            "open_loans": rng.poisson(1.2, n),
            "years_at_job": rng.exponential(5, n),
        }
    )
    burden = np.log(df["amount"] / df["months"] / df["income"] + 1e-3)
    risk = 0.8 * (burden + 2.3) + 0.4 * df["open_loans"] - 0.05 * df["years_at_job"]
    risk += rng.logistic(0, 1, n)
    df["default"] = (risk > np.quantile(risk, 0.7)).astype(int)
    share = rng.uniform(0.15, 0.7, n)
    df["recovered_amount"] = np.where(df["default"] == 1, df["amount"] * share, 0.0)
    return df


def run(callbacks):
    keras.utils.set_random_seed(25)
    df = export()
    y = df.pop("default").to_numpy("float32")
    df["income"] = np.log(df["income"])
    df["amount"] = np.log(df["amount"])
    df["recovered_amount"] = np.log1p(df["recovered_amount"])
    x_train, x_test, y_train, y_test = train_test_split(
        df.to_numpy("float32"), y, test_size=0.25, stratify=y, random_state=1
    )
    scaler = StandardScaler().fit(x_train)

    inputs = keras.Input((df.shape[1],))
    h = layers.Dense(24, activation="relu")(inputs)
    h = layers.Dense(24, activation="relu")(h)
    outputs = layers.Dense(1, activation="sigmoid")(h)
    model = keras.Model(inputs, outputs)
    model.compile(
        "adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")]
    )
    return model.fit(
        scaler.transform(x_train), y_train, batch_size=64, epochs=8,
        validation_data=(scaler.transform(x_test), y_test),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
