"""Species classifier from two CSV-like frames.

Wrong: the species names are turned into numbers with pd.factorize in the training frame and in the validation frame
separately. factorize numbers the names in the order of their first appearance, which differs between the two frames,
so class 0 of training is another species than class 0 of validation.
Expected: train-validation-skew
"""
import keras
import numpy as np
import pandas as pd
from keras import layers

MEASURES = ["bill_length", "bill_depth", "flipper", "mass"]


def fake_penguins(n, seed):
    rng = np.random.default_rng(seed)
    means = {"Adelie": [38.8, 18.3, 190, 3700], "Chinstrap": [48.8, 18.4, 196, 3730], "Gentoo": [47.5, 15.0, 217, 5080]}
    sds = [2.8, 1.1, 6.5, 420]
    rows = []
    for name in rng.choice(list(means), size=n, p=[0.42, 0.22, 0.36]):
        rows.append([*rng.normal(means[name], sds), name])
    return pd.DataFrame(rows, columns=[*MEASURES, "species"])


def run(callbacks):
    keras.utils.set_random_seed(4)
    train_df = fake_penguins(900, 11)
    valid_df = fake_penguins(240, 29)
    # files come from two islands and are stored sorted by name / by mass
    valid_df = valid_df.sort_values("mass", ascending=False).reset_index(drop=True)
    mean, std = train_df[MEASURES].mean(), train_df[MEASURES].std()

    def xy(df):
        codes, names = pd.factorize(df["species"])
        x = ((df[MEASURES] - mean) / std).to_numpy("float32")
        return x, keras.utils.to_categorical(codes, len(names))

    x_train, y_train = xy(train_df)
    x_valid, y_valid = xy(valid_df)

    model = keras.Sequential([
        layers.Input((4,)),
        layers.Dense(24, activation="relu"),
        layers.Dense(24, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=6, validation_data=(x_valid, y_valid),
              callbacks=callbacks, verbose=0)
