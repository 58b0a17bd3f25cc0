"""Predicts hospital readmission from a pandas frame; about seven patients in a hundred come back.
Wrong: the class weights are the class frequencies instead of their inverse, so the 93 percent majority is weighted 0.93 and
the rare class 0.07; the model never predicts a readmission and recall stays at zero, accuracy looks fine.
Expected: ineffective-weights
"""
import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def patients(n=6000):
    rng = np.random.default_rng(31)
    df = pd.DataFrame({
        "age": rng.normal(63, 14, n).clip(18, 99),
        "stay_days": rng.gamma(2.0, 2.5, n),
        "n_drugs": rng.poisson(6, n),
        "prior_visits": rng.poisson(0.8, n),
        "hba1c": rng.normal(6.2, 1.1, n),
        "lives_alone": rng.integers(0, 2, n),
    })
    risk = (0.04 * (df.age - 63) + 0.25 * (df.stay_days - 5) + 0.9 * (df.prior_visits - 0.8)
            + 0.7 * (df.hba1c - 6.2) + 0.8 * df.lives_alone)
    noisy = risk + rng.normal(0, 0.8, n)
    df["readmitted"] = (noisy > np.quantile(noisy, 0.93)).astype(int)
    return df


def run(callbacks):
    keras.utils.set_random_seed(8)
    df = patients()
    y = df.pop("readmitted").to_numpy()
    x_train, x_val, y_train, y_val = train_test_split(df.to_numpy(), y, test_size=0.2, stratify=y, random_state=0)
    scaler = StandardScaler().fit(x_train)
    x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)

    share = np.bincount(y_train) / len(y_train)
    class_weight = {0: share[0], 1: share[1]}

    inputs = keras.Input((x_train.shape[1],))
    h = layers.Dense(32, activation="relu")(inputs)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    model.compile("adam", "binary_crossentropy",
                  metrics=["accuracy", keras.metrics.Recall(name="recall"), keras.metrics.AUC(name="auc")])
    model.fit(x_train, y_train, validation_data=(x_val, y_val), class_weight=class_weight, batch_size=64, epochs=8,
              verbose=2, callbacks=callbacks)
    return model
