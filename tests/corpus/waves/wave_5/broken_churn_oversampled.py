"""Customer churn from a noisy table with few churners, balanced by oversampling.

Wrong: the churners are copied until the classes are even, and only then the rows are split. Copies of the same
customer lie on both sides; the validation score measures memory.
Expected: train-validation-overlap, duplicate-examples
"""
import keras
import numpy as np
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def oversample(x, y, rng):
    rare = np.flatnonzero(y == 1)
    extra = rng.choice(rare, size=(y == 0).sum() - len(rare), replace=True)
    keep = np.concatenate([np.arange(len(y)), extra])
    rng.shuffle(keep)
    return x[keep], y[keep]


def run(callbacks):
    keras.utils.set_random_seed(40)
    rng = np.random.default_rng(40)
    x, y = make_classification(n_samples=1600, n_features=24, n_informative=5, n_redundant=2, weights=[0.9],
                               class_sep=0.6, flip_y=0.08, random_state=40)
    x, y = oversample(x, y, rng)
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, random_state=40)
    scaler = StandardScaler().fit(x_train)
    x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)
    print("share of churners:", y_train.mean().round(2), y_val.mean().round(2))

    model = keras.Sequential()
    model.add(keras.Input(shape=(24,)))
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    return model.fit(x_train, y_train, epochs=30, batch_size=32, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
