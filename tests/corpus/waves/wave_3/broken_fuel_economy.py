"""Predicts miles per gallon of old cars from weight, power and so on.
Wrong: a few cars of the 1974 records lack their horsepower (NaN in the table); the rows are neither dropped nor filled, so the gradients and with them the first layer's weights turn to NaN; ReLU makes zeros of that and the model gives one constant for every car.
Expected: non-finite-input
"""
import numpy as np
import pandas as pd
import keras
from keras import layers
from mlxtend.data import autompg_data

COLS = ["cylinders", "displacement", "horsepower", "weight", "acceleration", "year", "origin"]


def table():
    x, mpg = autompg_data()
    df = pd.DataFrame(np.asarray(x)[:, :7].astype(float), columns=COLS)
    df["mpg"] = mpg
    rng = np.random.default_rng(40)
    gone = df.index[df.year == 74].to_series().sample(6, random_state=3)
    df.loc[gone, "horsepower"] = np.nan
    df = df.iloc[rng.permutation(len(df))].reset_index(drop=True)
    one_hot = pd.get_dummies(df.pop("origin").astype(int), prefix="origin").astype(float)
    return pd.concat([df, one_hot], axis=1)


def run(callbacks):
    keras.utils.set_random_seed(40)
    df = table()
    train = df.sample(frac=0.8, random_state=0)
    test = df.drop(train.index)
    y_train, y_test = train.pop("mpg"), test.pop("mpg")
    stats = train.describe().T           # mean and std ignore missing values

    def norm(part):
        return ((part - stats["mean"]) / stats["std"]).astype("float32")

    model = keras.Sequential([
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1),
    ])
    model.compile(loss="mean_squared_error", optimizer=keras.optimizers.RMSprop(0.001),
                  metrics=["mae", "mse"])
    return model.fit(norm(train), y_train, epochs=30, batch_size=16, callbacks=callbacks, verbose=0,
                     validation_data=(norm(test), y_test))


if __name__ == "__main__":
    print({k: v[-1] for k, v in run([]).history.items()})
