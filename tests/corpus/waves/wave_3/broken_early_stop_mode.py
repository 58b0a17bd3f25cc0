"""Digit classifier on 8x8 scans with early stopping that should keep the best weights.
Wrong: EarlyStopping watches val_accuracy with mode="min", so the untrained first epoch counts as the best; training stops after a few epochs and the weights of the worst one are restored.
Expected: none-fits
"""
import numpy as np
import keras
from keras import layers
from keras.callbacks import EarlyStopping
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def build():
    model = keras.Sequential(name="scan_reader")
    model.add(keras.Input(shape=(8, 8, 1)))
    model.add(layers.Rescaling(1 / 16))
    model.add(layers.Conv2D(16, (3, 3), activation="relu", padding="same"))
    model.add(layers.MaxPool2D())
    model.add(layers.Conv2D(32, (3, 3), activation="relu", padding="same"))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(10, activation="softmax"))
    return model


def run(callbacks):
    keras.utils.set_random_seed(50)
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1).astype("float32")
    x_train, x_val, y_train, y_val = train_test_split(images, labels, test_size=0.25, stratify=labels,
                                                      random_state=5)
    stop = EarlyStopping(monitor="val_accuracy", mode="min", patience=6, restore_best_weights=True)
    model = build()
    model.compile(
        optimizer=keras.optimizers.Adam(3e-4),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    hist = model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=60, batch_size=32,
                     callbacks=[stop] + list(callbacks or []), verbose=0)
    _, acc = model.evaluate(x_val, y_val, verbose=0)
    print("epochs run:", len(hist.epoch), "accuracy kept:", round(acc, 3),
          "best seen:", round(max(hist.history["val_accuracy"]), 3))
    return hist


if __name__ == "__main__":
    run([])
