"""Churn model on an unbalanced customer table, balanced by drawing the rare class again.
Wrong: the churners are duplicated before train_test_split, so copies of the same customers stand in training and validation; the validation score of the rare class is memory, not skill.
Expected: train-validation-overlap, duplicate-examples
"""
import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample


def customers():
    x, y = make_classification(n_samples=2500, n_features=24, n_informative=6, n_redundant=2, weights=[0.94],
                               class_sep=0.5, flip_y=0.06, random_state=12)
    df = pd.DataFrame(x, columns=[f"f{i:02d}" for i in range(24)])
    df["churned"] = y
    return df


def balance(df):
    stay = df[df.churned == 0]
    leave = df[df.churned == 1]
    leave_up = resample(leave, replace=True, n_samples=len(stay), random_state=1)
    return pd.concat([stay, leave_up]).sample(frac=1, random_state=2)


def run(callbacks):
    keras.utils.set_random_seed(2)
    df = balance(customers())
    y = df.pop("churned").to_numpy("float32")
    x_train, x_val, y_train, y_val = train_test_split(df.to_numpy("float32"), y, test_size=0.25, random_state=4)
    sc = StandardScaler().fit(x_train)
    x_train, x_val = sc.transform(x_train), sc.transform(x_val)

    model = keras.Sequential()
    model.add(keras.Input((x_train.shape[1],)))
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam",
                  metrics=["accuracy", keras.metrics.Recall(name="recall")])
    return model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=25, batch_size=64,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    h = run([]).history
    print({k: round(v[-1], 3) for k, v in h.items()})
