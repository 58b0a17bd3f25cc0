"""Telecom churn model on a pandas frame with a few engineered columns.

Wrong: ``df.drop(columns=...)`` returns a new frame and its result is thrown away, so the column ``churned`` stays in the
feature matrix. The net only copies that column; the 100 % it reports on train and validation is gone once the model meets
customers whose future isn't known yet.

Expected: target-leakage, target-in-input
"""
import keras
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def load_customers(n=4000, seed=3):
    rng = np.random.default_rng(seed)
    df = pd.DataFrame({
        "tenure_months": rng.integers(1, 72, n),
        "monthly_fee": rng.normal(55, 18, n).clip(15, 120),
        "support_calls": rng.poisson(1.4, n),
        "gb_used": rng.gamma(2.0, 6.0, n),
        "contract": rng.choice(["month", "year", "two years"], n, p=[0.55, 0.3, 0.15]),
        "paperless": rng.integers(0, 2, n),
    })
    risk = (-0.035 * df.tenure_months + 0.02 * (df.monthly_fee - 55) + 0.45 * df.support_calls
            + df.contract.map({"month": 0.9, "year": -0.4, "two years": -1.2}) - 0.3)
    df["churned"] = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int)
    return df


def run(callbacks):
    keras.utils.set_random_seed(11)
    df = load_customers()
    df["total_paid"] = df.tenure_months * df.monthly_fee
    df["calls_per_year"] = 12 * df.support_calls / df.tenure_months
    df = pd.get_dummies(df, columns=["contract"], dtype=float)

    y = df["churned"].to_numpy("float32")
    df.drop(columns=["churned"])
    X = df.to_numpy("float32")

    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
    scaler = StandardScaler().fit(X_train)
    X_train, X_val = scaler.transform(X_train), scaler.transform(X_val)

    model = keras.Sequential([
        keras.Input((X_train.shape[1],)),
        keras.layers.Dense(48, activation="relu"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(24, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy",
                  metrics=["accuracy", keras.metrics.AUC(name="auc")])
    return model.fit(X_train, y_train, validation_data=(X_val, y_val), epochs=12, batch_size=64,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
