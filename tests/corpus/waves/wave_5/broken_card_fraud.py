"""Flags fraudulent card payments; about 4 percent of the payments are fraud.

Wrong: the class weights are the class shares instead of their inverse (0.96 for honest, 0.04 for fraud), so the
rare class counts even less than before and the net never raises a flag.
Expected: ineffective-weights
"""
import keras
import numpy as np
import pandas as pd
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def payments(n=12000):
    rng = np.random.default_rng(44)
    df = pd.DataFrame({
        "log_amount": rng.normal(3.2, 1.1, n),
        "hour_sin": np.sin(rng.uniform(0, 2 * np.pi, n)),
        "km_from_home": rng.exponential(20, n),
        "minutes_since_last": rng.exponential(600, n),
        "tries": rng.poisson(0.2, n),
        "abroad": (rng.random(n) < 0.08).astype(float),
    })
    z = (-5.6 + 0.8 * (df.log_amount - 3.2) + 0.03 * df.km_from_home + 1.4 * df.tries + 2.0 * df.abroad
         - 0.002 * (df.minutes_since_last - 600))
    df["fraud"] = (rng.random(n) < 1 / (1 + np.exp(-z))).astype("int32")
    return df


def run(callbacks):
    keras.utils.set_random_seed(9)
    df = payments()
    y = df.pop("fraud").to_numpy()
    x_train, x_val, y_train, y_val = train_test_split(df.to_numpy(), y, test_size=0.25, stratify=y, random_state=3)
    scaler = StandardScaler().fit(x_train)
    x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)

    counts = np.bincount(y_train)
    class_weight = {c: counts[c] / counts.sum() for c in (0, 1)}

    model = keras.Sequential([
        keras.Input((x_train.shape[1],)),
        layers.Dense(32, activation="relu"),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.Recall(name="recall")])
    return model.fit(x_train, y_train, batch_size=128, epochs=8, class_weight=class_weight,
                     validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
