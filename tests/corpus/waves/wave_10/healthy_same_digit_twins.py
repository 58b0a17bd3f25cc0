"""Decide whether two handwritten digits are the same digit, with twin encoders that share their weights; the pairs are half and half."""
import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits


def pairs(images, labels, n, seed):
    rng = np.random.default_rng(seed)
    by_digit = [np.flatnonzero(labels == d) for d in range(10)]
    left, right, same = [], [], []
    for i in range(n):
        digit = rng.integers(0, 10)
        other = digit if i % 2 == 0 else (digit + rng.integers(1, 10)) % 10
        left.append(rng.choice(by_digit[digit]))
        right.append(rng.choice(by_digit[other]))
        same.append(float(digit == other))
    return images[left], images[right], np.array(same, "float32")


def encoder():
    image = keras.Input((8, 8, 1), name="image")
    h = layers.Conv2D(24, 3, activation="relu", name="enc_conv1")(image)
    h = layers.Conv2D(48, 3, activation="relu", name="enc_conv2")(h)
    h = layers.Flatten(name="enc_flat")(h)
    h = layers.Dense(32, name="enc_out")(h)
    return keras.Model(image, h, name="encoder")


def run(callbacks):
    keras.utils.set_random_seed(7)
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1).astype("float32") / 16.0
    order = np.random.default_rng(1).permutation(len(images))
    train, val = order[:1400], order[1400:]
    a, b, same = pairs(images[train], labels[train], 5000, 2)
    a_val, b_val, same_val = pairs(images[val], labels[val], 1000, 3)

    left = keras.Input((8, 8, 1), name="left")
    right = keras.Input((8, 8, 1), name="right")
    twin = encoder()
    difference = layers.Subtract(name="difference")([twin(left), twin(right)])
    gap = layers.Multiply(name="gap")([difference, difference])
    out = layers.Dense(1, activation="sigmoid", name="same")(gap)
    model = keras.Model([left, right], out)
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
    model.fit([a, b], same, batch_size=64, epochs=14, validation_data=([a_val, b_val], same_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
