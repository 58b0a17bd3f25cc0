"""A table read with `csv.reader`, which gives strings: `fit` raises, and the alert has the fix."""

import csv
from importlib import resources

import keras
import numpy as np
import tensorflow as tf

from demo._common import LOGS, shown
from tb_inputdiag import InputDiagnostics

FINDS = "dtype-mismatch"


def main() -> None:
    with (resources.files("sklearn.datasets.data") / "wine_data.csv").open() as file:
        rows = np.array(list(csv.reader(file))[1:])
    x, y = tf.constant(rows[:, :-1]), tf.constant(rows[:, -1].astype("int64"))

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(shape=(13,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    with shown(Exception):
        model.fit(x, y, verbose=2, callbacks=[InputDiagnostics(LOGS / "wrong_type")])


if __name__ == "__main__":
    main()
