"""Predicts 30-day hospital readmission from a table of admissions and laboratory values.

Wrong: the laboratory exports "not measured" as -9999 and nobody replaces it. A third of lactate and albumin is the
placeholder, so the Normalization layer learns its mean and variance from it and every true value is squeezed into one point.
Expected: sentinel-value, outlying-value
"""
import io

import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.model_selection import train_test_split

COLUMNS = ["age", "los_days", "prior_admissions", "lactate", "albumin", "sodium"]


def export():
    """Stands for the csv which the hospital's laboratory system writes."""
    rng = np.random.default_rng(7)
    n = 4000
    df = pd.DataFrame({
        "age": rng.normal(66, 13, n).clip(18, 99).round(),
        "los_days": rng.gamma(2.0, 2.5, n).round(1),
        "prior_admissions": rng.poisson(0.8, n),
        "lactate": rng.gamma(3.0, 0.6, n).round(2),
        "albumin": rng.normal(36, 5, n).round(1),
        "sodium": rng.normal(139, 4, n).round(),
    })
    score = 1.7 * (df.lactate - 1.8) - 0.28 * (df.albumin - 36) + 0.25 * (df.prior_admissions - 1) - 0.9
    df["readmitted"] = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    for col in ("lactate", "albumin"):
        df.loc[rng.random(n) < 0.35, col] = -9999
    return df.to_csv(index=False)


def run(callbacks):
    keras.utils.set_random_seed(3)
    df = pd.read_csv(io.StringIO(export()))
    train, val = train_test_split(df, test_size=0.25, random_state=1, stratify=df["readmitted"])
    x_train, y_train = train[COLUMNS].to_numpy("float32"), train["readmitted"].to_numpy()
    x_val, y_val = val[COLUMNS].to_numpy("float32"), val["readmitted"].to_numpy()

    norm = layers.Normalization()
    norm.adapt(x_train)
    model = keras.Sequential([
        keras.Input((len(COLUMNS),)),
        norm,
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    return model.fit(x_train, y_train, batch_size=64, epochs=15, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
