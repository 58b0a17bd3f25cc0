"""Scores consumer loans for default within a year; about one loan in fifteen goes bad.

Wrong: the class weights are computed as each class's share of the data instead of its inverse. The common "paid" class
gets weight 0.93 and the rare "default" class 0.07, so the imbalance is squared and the model calls everything paid.

Expected: ineffective-weights
"""
import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.compose import make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def loans(n=6000):
    rng = np.random.default_rng(77)
    df = pd.DataFrame({
        "income": rng.lognormal(10.4, 0.5, n),
        "amount": rng.lognormal(9.0, 0.7, n),
        "age": rng.integers(19, 75, n),
        "late_payments": rng.poisson(0.7, n),
        "purpose": rng.choice(["car", "home", "study", "other"], n, p=[0.4, 0.3, 0.1, 0.2]),
    })
    score = (-3.6 + 0.8 * df.late_payments + 0.7 * np.log(df.amount / df.income * 4)
             - 0.02 * (df.age - 45) + 0.5 * (df.purpose == "other"))
    df["default"] = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    return df


def run(callbacks):
    keras.utils.set_random_seed(5)
    df = loans()
    train, test = train_test_split(df, test_size=0.25, random_state=1, stratify=df["default"])
    prepare = make_column_transformer(
        (StandardScaler(), ["income", "amount", "age", "late_payments"]),
        (OneHotEncoder(sparse_output=False), ["purpose"]))
    x_train = prepare.fit_transform(train).astype("float32")
    x_test = prepare.transform(test).astype("float32")
    y_train, y_test = train["default"].to_numpy(), test["default"].to_numpy()

    counts = np.bincount(y_train)
    class_weight = {k: float(c) / len(y_train) for k, c in enumerate(counts)}

    model = keras.Sequential([
        layers.Input((x_train.shape[1],)),
        layers.Dense(24, activation="relu"),
        layers.Dense(12, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile("adam", "binary_crossentropy",
                  metrics=["accuracy", keras.metrics.Recall(name="recall"), keras.metrics.AUC(name="auc")])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), class_weight=class_weight,
                     batch_size=64, epochs=15, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    history = run([]).history
    print(history["val_recall"][-1], history["val_auc"][-1])
