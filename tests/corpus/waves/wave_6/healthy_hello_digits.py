"""My first neural network: handwritten digits with sigmoid units and plain gradient descent, as in the old book."""
import numpy as np
from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers import SGD
from keras.utils import set_random_seed, to_categorical
from sklearn.datasets import load_digits


def run(callbacks):
    set_random_seed(19)

    # load the data
    digits = load_digits()
    X = digits.data
    y = digits.target

    # pixels go from 0 to 16
    X = X / 16.0
    Y = to_categorical(y, 10)

    # mix and split
    order = np.random.permutation(len(X))
    X = X[order]
    Y = Y[order]
    X_train = X[:1400]
    Y_train = Y[:1400]
    X_test = X[1400:]
    Y_test = Y[1400:]

    # the network
    model = Sequential()
    model.add(Dense(30, input_shape=(64,), activation="sigmoid"))
    model.add(Dense(10, activation="softmax"))

    # big steps are fine for small sigmoid nets
    model.compile(loss="categorical_crossentropy", optimizer=SGD(0.5), metrics=["accuracy"])
    model.fit(X_train, Y_train, epochs=25, batch_size=10, validation_data=(X_test, Y_test), verbose=0,
              callbacks=callbacks)

    score = model.evaluate(X_test, Y_test, verbose=0)
    print("Test loss:", score[0])
    print("Test accuracy:", score[1])
    return model
