"""Benign or malignant from cell-nucleus measurements, updated after every single patient.

Wrong: batch_size=1 with BatchNormalization. The mean of a batch of one is the sample itself, so in training each normalised
activation is exactly 0 and the layers behind it see only a constant; the network cannot learn from its inputs.

Expected: single-example-normalization
"""
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import RobustScaler


def run(callbacks):
    keras.utils.set_random_seed(20)
    data = load_breast_cancer()
    x_train, x_test, y_train, y_test = train_test_split(
        data.data, data.target, test_size=0.3, random_state=8, stratify=data.target)
    scaler = RobustScaler().fit(x_train)
    x_train = np.clip(scaler.transform(x_train), -4, 4).astype("float32")
    x_test = np.clip(scaler.transform(x_test), -4, 4).astype("float32")

    inputs = keras.Input((30,), name="nucleus")
    h = layers.Dense(24, use_bias=False)(inputs)
    h = layers.BatchNormalization()(h)
    h = layers.Activation("relu")(h)
    h = layers.Dense(12, activation="relu")(h)
    outputs = layers.Dense(1, activation="sigmoid", name="benign")(h)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.SGD(0.01, momentum=0.5), loss="binary_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), batch_size=1, epochs=6,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    history = run([]).history
    print(history["accuracy"], history["val_accuracy"])
