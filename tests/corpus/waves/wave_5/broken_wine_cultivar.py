"""Homework: the three wine cultivars, from a file as the course hands it out.

Wrong: the cultivars are numbered 1, 2, 3 in the file, and the loss with three outputs wants 0, 1, 2.
Raises: InvalidArgumentError
Expected: label-out-of-range, program-error
"""
import os
import tempfile

import keras
import pandas as pd
from keras.layers import Dense, Dropout
from keras.models import Sequential
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler


def course_file(folder):
    frame = load_wine(as_frame=True).frame
    frame.insert(0, "cultivar", frame.pop("target") + 1)
    path = os.path.join(folder, "wine.csv")
    frame.sample(frac=1.0, random_state=9).to_csv(path, index=False)
    return path


def run(callbacks):
    keras.utils.set_random_seed(80)
    with tempfile.TemporaryDirectory() as folder:
        data = pd.read_csv(course_file(folder))
    y = data["cultivar"].values
    X = data.drop(columns="cultivar").values
    X_train, X_test, y_train, y_test = X[:140], X[140:], y[:140], y[140:]
    sc = StandardScaler()
    X_train = sc.fit_transform(X_train)
    X_test = sc.transform(X_test)

    model = Sequential()
    model.add(Dense(16, input_dim=13, kernel_initializer="he_uniform", activation="relu"))
    model.add(Dropout(0.1))
    model.add(Dense(3, activation="softmax"))
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model.fit(X_train, y_train, validation_data=(X_test, y_test), epochs=40, batch_size=8,
                     callbacks=callbacks, verbose=2)
