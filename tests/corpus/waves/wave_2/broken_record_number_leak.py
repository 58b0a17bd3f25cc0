"""Will the patient come back within 30 days? A pandas notebook.

Wrong: the two exports (first the returned patients, then all others) are glued with pd.concat, reset_index() without
drop=True keeps the row number as a column, and the column goes into the net: it gives the label away. Accuracy is near
1.0 in training and in validation and useless on new patients.
In the author's words: target in input: a row number that separates the classes.
Expected: target-in-input
"""
import keras
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def export(n, returned, rng):
    shift = 0.35 if returned else 0.0
    return pd.DataFrame({
        "age": rng.normal(61 + 6 * shift, 13, n).clip(18, 99).round(),
        "days_in_hospital": rng.gamma(2.2 + shift, 1.8, n).round() + 1,
        "lab_tests": rng.poisson(40 + 8 * shift, n),
        "medications": rng.poisson(14 + 4 * shift, n),
        "emergency_visits": rng.poisson(0.3 + shift, n),
        "returned": int(returned),
    })


def run(callbacks):
    rng = np.random.default_rng(2023)
    keras.utils.set_random_seed(2023)
    df = pd.concat([export(700, True, rng), export(1100, False, rng)], ignore_index=True)
    df = df.reset_index()

    y = df.pop("returned").values
    X_train, X_val, y_train, y_val = train_test_split(df, y, test_size=0.25, stratify=y, random_state=7)
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    X_val = scaler.transform(X_val)

    model = keras.models.Sequential()
    model.add(keras.layers.Input(shape=(X_train.shape[1],)))
    model.add(keras.layers.Dense(32, activation="relu"))
    model.add(keras.layers.Dropout(0.2))
    model.add(keras.layers.Dense(16, activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["acc", keras.metrics.AUC()])
    model.fit(X_train, y_train, epochs=6, batch_size=32, validation_data=(X_val, y_val), callbacks=callbacks, verbose=0)
