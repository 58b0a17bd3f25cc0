"""Grade tumour cells as benign or malignant, weighting each hospital equally.

Wrong: the sample weights are made with integer division (smallest count // count),
which is zero for all hospitals but the smallest. Nearly all rows count for
nothing, and the network is fitted on about ten of them.

Expected: bad-sample-weight, ineffective-weights
"""
import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split


def cells():
    data = load_breast_cancer()
    rng = np.random.default_rng(51)
    hospital = rng.choice(4, len(data.target), p=[0.5, 0.28, 0.2, 0.02])
    x = data.data * (1 + 0.02 * hospital[:, None])
    return x.astype("float32"), data.target.astype("float32"), hospital


def run(callbacks):
    keras.utils.set_random_seed(26)
    x, y, hospital = cells()
    x, x_val, y, y_val, hospital, _ = train_test_split(
        x, y, hospital, test_size=0.25, random_state=5, stratify=y
    )
    counts = np.bincount(hospital)
    weights = (counts.min() // counts)[hospital]

    scale = layers.Normalization()
    scale.adapt(x)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            scale,
            layers.Dense(16, activation="tanh"),
            layers.Dense(8, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=["accuracy"],
    )
    return model.fit(
        x, y, sample_weight=weights, batch_size=16, epochs=12,
        validation_data=(x_val, y_val), callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
