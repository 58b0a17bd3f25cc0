"""Sorts machine logs into ok / warning / failure with class weights against the imbalance.
Wrong: the weights are the class shares themselves instead of their inverse, so the frequent class counts even more and failures are never predicted.
Expected: ineffective-weights, class-imbalance
"""
import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

STATES = ["ok", "warning", "failure"]


def logs():
    x, y = make_classification(n_samples=5000, n_features=12, n_informative=7, n_redundant=1, n_classes=3,
                               n_clusters_per_class=1, weights=[0.90, 0.07, 0.03], class_sep=0.9, random_state=30)
    frame = pd.DataFrame(x.astype("float32"), columns=[f"sensor_{c}" for c in "abcdefghijkl"])
    frame["state"] = [STATES[i] for i in y]
    return frame


def run(callbacks):
    keras.utils.set_random_seed(9)
    frame = logs()
    train, val = train_test_split(frame, test_size=0.2, stratify=frame["state"], random_state=0)
    lookup = {s: i for i, s in enumerate(STATES)}
    y_train = train["state"].map(lookup).to_numpy()
    y_val = val["state"].map(lookup).to_numpy()
    x_train = train.drop(columns="state").to_numpy()
    x_val = val.drop(columns="state").to_numpy()

    share = train["state"].value_counts(normalize=True)
    class_weight = {lookup[s]: float(share[s]) for s in STATES}

    norm = layers.Normalization()
    norm.adapt(x_train)
    inp = keras.Input((12,))
    h = layers.Dense(32, activation="gelu")(norm(inp))
    h = layers.Dense(32, activation="gelu")(h)
    out = layers.Dense(3, activation="softmax")(h)
    model = keras.Model(inp, out)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    hist = model.fit(x_train, y_train, validation_data=(x_val, y_val), class_weight=class_weight,
                     epochs=10, batch_size=64, callbacks=callbacks, verbose=0)
    guess = model.predict(x_val, verbose=0).argmax(1)
    print(pd.crosstab(pd.Series(y_val, name="true"), pd.Series(guess, name="guess")))
    return hist


if __name__ == "__main__":
    run([])
