"""My first neural network: which of three growers made the wine?
Wrong: there are three classes 0, 1, 2 but the network has one sigmoid output with binary cross-entropy; label 2 is no
probability, the loss sinks far below zero and the third grower can never be predicted.
Expected: label-loss-mismatch, target-out-of-range, label-out-of-range
"""
import numpy as np
from keras.layers import Dense
from keras.models import Sequential
from keras.utils import set_random_seed
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler


def run(callbacks):
    set_random_seed(0)

    # load data
    data = load_wine()
    X = data.data
    y = data.target

    # mix the rows
    order = np.random.permutation(len(X))
    X = X[order]
    y = y[order]

    # train and test
    X_train, X_test = X[:140], X[140:]
    y_train, y_test = y[:140], y[140:]
    sc = StandardScaler()
    X_train = sc.fit_transform(X_train)
    X_test = sc.transform(X_test)

    # network
    model = Sequential()
    model.add(Dense(16, input_dim=13, activation="relu"))
    model.add(Dense(8, activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(X_train, y_train, epochs=40, batch_size=8, validation_data=(X_test, y_test), verbose=0,
              callbacks=callbacks)
    print("accuracy:", model.evaluate(X_test, y_test, verbose=0)[1])
    return model
