"""Distil a digit network into a tiny one: the student's labels are the teacher's softened probabilities, never 0 or 1.

Validation uses the true labels as one-hot rows. An endless generator feeds fit by steps_per_epoch.
"""
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

TEMPERATURE = 3.0


def batches(x, soft, size=32, seed=0):
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(x))
        for start in range(0, len(x) - size + 1, size):
            rows = order[start:start + size]
            noise = rng.normal(0, 0.03, (size, 64)).astype("float32")
            yield x[rows] + noise, soft[rows]


def run(callbacks):
    keras.utils.set_random_seed(20)
    digits = load_digits()
    x = (digits.data / 16.0).astype("float32")
    x_train, x_test, y_train, y_test = train_test_split(x, digits.target, test_size=0.3, random_state=20)
    teacher = keras.Sequential([layers.Input((64,)), layers.Dense(128, activation="relu"), layers.Dropout(0.3),
                                layers.Dense(128, activation="relu"), layers.Dense(10)])
    teacher.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    teacher.fit(x_train, y_train, epochs=15, batch_size=32, verbose=0)
    logits = teacher.predict(x_train, verbose=0) / TEMPERATURE
    soft = np.exp(logits - logits.max(1, keepdims=True))
    soft = (soft / soft.sum(1, keepdims=True)).astype("float32")

    student = keras.Sequential([layers.Input((64,)), layers.Dense(16, activation="relu"),
                                layers.Dense(10, activation="softmax")])
    student.compile(keras.optimizers.Adam(5e-3), "categorical_crossentropy", metrics=["categorical_accuracy"])
    return student.fit(batches(x_train, soft), steps_per_epoch=len(x_train) // 32, epochs=12,
                       validation_data=(x_test, keras.utils.to_categorical(y_test, 10)),
                       callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_categorical_accuracy"])
