"""Reuse a digit network trained on clean digits for worn utility-meter digits.

Wrong: the loop that should freeze the convolutional base runs over all layers of the new model, the fresh head included. Nothing
is left to train, and the randomly initialised head stays random.

Expected: frozen-model
"""
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def base_network():
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    return keras.Model(inputs, x, name="base")


def worn(images, seed=0):
    rng = np.random.default_rng(seed)
    out = images * rng.uniform(0.5, 0.9, (len(images), 1, 1, 1)) + rng.normal(0, 0.08, images.shape)
    out[:, rng.integers(0, 8)] *= 0.4
    return np.clip(out, 0, 1).astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(12)
    digits = load_digits()
    x = (digits.images / 16.0).astype("float32")[..., None]
    x_clean, x_meter, y_clean, y_meter = train_test_split(x, digits.target, test_size=0.5, random_state=0)
    base = base_network()
    teacher = keras.Sequential([base, layers.Dense(10, activation="softmax")])
    teacher.compile("adam", "sparse_categorical_crossentropy")
    teacher.fit(x_clean, y_clean, epochs=8, batch_size=32, verbose=0)

    x_meter = worn(x_meter)
    x_train, x_test, y_train, y_test = train_test_split(x_meter, y_meter, test_size=0.25, random_state=1)
    inputs = keras.Input((8, 8, 1))
    h = base(inputs)
    h = layers.Dense(32, activation="relu")(h)
    outputs = layers.Dense(10, activation="softmax")(h)
    model = keras.Model(inputs, outputs)
    for layer in model.layers:
        layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=10, batch_size=32,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
