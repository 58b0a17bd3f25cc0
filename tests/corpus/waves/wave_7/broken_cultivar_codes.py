"""Tell three grape cultivars apart from the chemistry of the wine; the labels arrive as names in two CSV exports.

Wrong: the names are turned into numbers with `pd.factorize` for the training and for the hold-out file on their own. factorize
numbers names in order of appearance, so the same cultivar has another code in the hold-out data.

Expected: train-validation-skew, validation-at-chance
"""
import io
import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.datasets import load_wine

NAMES = np.array(["barolo", "grignolino", "barbera"])


def exports():
    data = load_wine(as_frame=True)
    frame = data.frame.rename(columns={"target": "cultivar"})
    frame["cultivar"] = NAMES[frame["cultivar"]]
    frame = frame.sample(frac=1.0, random_state=14)
    hold_out = frame.groupby("cultivar").sample(15, random_state=1).sort_values("cultivar")
    train = frame.drop(hold_out.index)
    first = train[train.cultivar == "grignolino"].head(1)
    train = pd.concat([first, train.drop(first.index)])
    return train.to_csv(index=False), hold_out.to_csv(index=False)


def run(callbacks):
    keras.utils.set_random_seed(6)
    train_csv, hold_csv = exports()
    train = pd.read_csv(io.StringIO(train_csv))
    hold = pd.read_csv(io.StringIO(hold_csv))

    y_train, _ = pd.factorize(train.pop("cultivar"))
    y_hold, _ = pd.factorize(hold.pop("cultivar"))
    center, spread = train.mean(), train.std()
    x_train = ((train - center) / spread).to_numpy("float32")
    x_hold = ((hold - center) / spread).to_numpy("float32")

    model = keras.Sequential([
        layers.Input((13,)),
        layers.Dense(16, activation="elu"),
        layers.Dropout(0.1),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_hold, y_hold), epochs=30, batch_size=16,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    history = run([]).history
    print(history["accuracy"][-1], history["val_accuracy"][-1])
