"""Miles per gallon of old cars, read from a CSV file with pandas.
Wrong: a few horsepower cells hold "?"; pd.to_numeric(errors="coerce") makes them NaN and nobody drops or fills them. The
weights become NaN in the first epoch; the relu units hide that here and the net only answers a slowly growing constant.
Expected: non-finite-input
"""
import io

import keras
import pandas as pd
from keras import layers
from mlxtend.data import autompg_data

COLS = ["cylinders", "displacement", "horsepower", "weight", "acceleration", "model_year", "origin"]


def csv_text():
    x, y = autompg_data()
    df = pd.DataFrame(x[:, :7], columns=COLS)
    df.insert(0, "mpg", y)
    df["horsepower"] = df["horsepower"].map(lambda v: f"{v:.1f}")
    df.loc[df.sample(6, random_state=3).index, "horsepower"] = "?"
    return df.to_csv(index=False)


def read_cars():
    df = pd.read_csv(io.StringIO(csv_text()))
    df["horsepower"] = pd.to_numeric(df["horsepower"], errors="coerce")
    df["origin"] = df["origin"].map({1: "USA", 2: "Europe", 3: "Japan"})
    return pd.get_dummies(df, columns=["origin"], prefix="", prefix_sep="", dtype=float)


def run(callbacks):
    keras.utils.set_random_seed(12)
    cars = read_cars()
    train = cars.sample(frac=0.8, random_state=0)
    test = cars.drop(train.index)
    y_train, y_test = train.pop("mpg"), test.pop("mpg")
    mean, std = train.mean(), train.std()
    x_train, x_test = (train - mean) / std, (test - mean) / std

    model = keras.Sequential([
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1),
    ])
    model.compile(loss="mse", optimizer=keras.optimizers.RMSprop(0.001), metrics=["mae", "mse"])
    model.fit(x_train.to_numpy(), y_train.to_numpy(), epochs=20, batch_size=16, verbose=0,
              validation_data=(x_test.to_numpy(), y_test.to_numpy()), callbacks=callbacks)
    return model
