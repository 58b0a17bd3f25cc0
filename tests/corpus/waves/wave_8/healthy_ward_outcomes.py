"""Hospital stays: length of stay (always known) and a lab score (missing for 45 %) from one net; missing answers weigh nothing.

Missing lab scores are filled with 0 only so that the arrays are finite; their sample weight of 0 keeps them out of the loss and
of the weighted metric.
"""
import keras
import numpy as np
import pandas as pd
from keras import layers


def stays(n=5000, seed=40):
    rng = np.random.default_rng(seed)
    df = pd.DataFrame({
        "age": rng.normal(63, 15, n).clip(18, 98),
        "pulse": rng.normal(84, 14, n),
        "temp": rng.normal(37.4, 0.8, n),
        "emergency": rng.integers(0, 2, n),
        "ward": rng.choice(["A", "B", "C", "ICU"], n, p=[0.4, 0.3, 0.2, 0.1]),
    })
    severity = (0.03 * (df.age - 63) + 0.04 * (df.pulse - 84) + 0.7 * (df.temp - 37.4) + 0.6 * df.emergency
                + df.ward.map({"A": 0, "B": 0.2, "C": 0.4, "ICU": 1.6}))
    df["days"] = np.exp(1.1 + 0.4 * severity + rng.normal(0, 0.25, n))
    df["lab"] = 40 + 11 * severity + rng.normal(0, 4, n)
    df.loc[rng.random(n) < 0.45, "lab"] = np.nan
    return df


def run(callbacks):
    keras.utils.set_random_seed(50)
    df = stays()
    X = pd.get_dummies(df[["age", "pulse", "temp", "emergency", "ward"]], columns=["ward"], dtype="float32").astype("float32")
    train, test = slice(0, 4000), slice(4000, None)
    log_days = np.log(df["days"])
    y_days = ((log_days - log_days[train].mean()) / log_days[train].std()).to_numpy("float32")[:, None]
    lab = (df["lab"] - df["lab"][train].mean()) / df["lab"][train].std()
    has_lab = lab.notna().to_numpy("float32")
    y_lab = lab.fillna(0.0).to_numpy("float32")[:, None]
    ones = np.ones(len(df), "float32")

    norm = layers.Normalization()
    norm.adapt(X.to_numpy()[train])
    inp = keras.Input((X.shape[1],))
    h = norm(inp)
    h = layers.Dense(48, activation="relu")(h)
    h = layers.Dense(24, activation="relu")(h)
    model = keras.Model(inp, {"days": layers.Dense(1, name="days")(h), "lab": layers.Dense(1, name="lab")(h)})
    model.compile(keras.optimizers.Adam(1e-3), loss={"days": "mse", "lab": "mse"}, loss_weights={"days": 1.0, "lab": 1.0},
                  weighted_metrics={"days": ["mae"], "lab": ["mae"]})

    def part(sl):
        return (X.to_numpy()[sl], {"days": y_days[sl], "lab": y_lab[sl]}, {"days": ones[sl], "lab": has_lab[sl]})

    x, y, w = part(train)
    return model.fit(x, y, sample_weight=w, validation_data=part(test), batch_size=64, epochs=12,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
