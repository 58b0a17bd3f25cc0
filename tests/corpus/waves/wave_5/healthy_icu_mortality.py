"""Mortality in intensive care from a table with gaps and five percent deaths; balanced weights, judged by AUC."""
import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def stays(n=7000):
    rng = np.random.default_rng(101)
    df = pd.DataFrame({
        "age": rng.normal(63, 15, n).clip(18, 95),
        "lactate": rng.gamma(2.5, 0.8, n),
        "map": rng.normal(78, 12, n),
        "creatinine": rng.lognormal(0, 0.5, n),
        "gcs": rng.choice(np.arange(3, 16), n, p=np.r_[np.full(12, 0.03), 0.64]),
        "ventilated": (rng.random(n) < 0.35).astype(float),
    })
    z = (-4.9 + 0.04 * (df.age - 63) + 0.6 * (df.lactate - 2) - 0.05 * (df["map"] - 78) + 0.5 * (df.creatinine - 1)
         - 0.15 * (df.gcs - 13) + 0.8 * df.ventilated)
    df["died"] = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    df.loc[rng.random(n) < 0.4, "lactate"] = np.nan
    df.loc[rng.random(n) < 0.1, "creatinine"] = np.nan
    return df


def run(callbacks):
    keras.utils.set_random_seed(1)
    df = stays()
    y = df.pop("died").to_numpy()
    x_train, x_val, y_train, y_val = train_test_split(df, y, test_size=0.25, stratify=y, random_state=0)
    prepare = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    x_train, x_val = prepare.fit_transform(x_train), prepare.transform(x_val)

    n0, n1 = np.bincount(y_train)
    class_weight = {0: len(y_train) / (2 * n0), 1: len(y_train) / (2 * n1)}
    model = keras.Sequential([
        keras.Input((x_train.shape[1],)),
        layers.Dense(24, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(12, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy",
                  metrics=[keras.metrics.AUC(name="auc"), keras.metrics.AUC(curve="PR", name="pr_auc")])
    stop = keras.callbacks.EarlyStopping("val_auc", mode="max", patience=6, restore_best_weights=True)
    return model.fit(x_train, y_train, batch_size=128, epochs=25, class_weight=class_weight,
                     validation_data=(x_val, y_val), callbacks=[stop] + list(callbacks or []), verbose=2)
