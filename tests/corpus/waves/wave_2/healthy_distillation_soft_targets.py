"""Knowledge distillation: a student learns a teacher's softened probabilities. The cross-entropy cannot fall below the
entropy of the soft targets (about 1.8), so it falls little although the student becomes good."""
import keras
import numpy as np
from keras import layers
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def run(callbacks):
    keras.utils.set_random_seed(52)
    x, y = load_digits(return_X_y=True)
    x = (x / 16.0).astype("float32")
    x_tr, x_va, y_tr, y_va = train_test_split(x, y, test_size=0.2, random_state=52)

    teacher = keras.Sequential([layers.Input((64,)), layers.Dense(96, activation="relu"), layers.Dense(10)])
    teacher.compile(keras.optimizers.Adam(0.005), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    teacher.fit(x_tr, y_tr, batch_size=64, epochs=6, verbose=0, callbacks=callbacks)

    temperature = 5.0
    soft_tr = softmax(teacher.predict(x_tr, verbose=0) / temperature, axis=1)
    soft_va = softmax(teacher.predict(x_va, verbose=0) / temperature, axis=1)

    student = keras.Sequential([
        layers.Input((64,)),
        layers.Dense(24, activation="relu"),
        layers.Dense(10),
    ], name="student")
    student.compile(keras.optimizers.Adam(0.01), keras.losses.CategoricalCrossentropy(from_logits=True),
                    metrics=["accuracy"])
    student.fit(x_tr, soft_tr, batch_size=32, epochs=6, validation_data=(x_va, soft_va), callbacks=callbacks, verbose=0)
    agree = (student.predict(x_va, verbose=0).argmax(1) == y_va).mean()
    print("   student, true labels:", agree)
