"""Find the members of a gym who will cancel next month.

Wrong: the last layer has a sigmoid and the loss is BinaryCrossentropy(from_logits=True), so a second sigmoid is put on the first.
The loss sees probabilities of 0.5 to 0.73 only, can't fall below about 0.6 and pushes nearly every member to "stays"; recall stays poor.
Expected: output-activation-mismatch
"""
import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def members(n=5000, seed=21):
    rng = np.random.default_rng(seed)
    months = rng.gamma(2.0, 9.0, n)
    visits = rng.poisson(6, n).astype(float)
    trend = rng.normal(0, 1, n)
    classes = rng.poisson(1.2, n).astype(float)
    complaints = rng.poisson(0.3, n).astype(float)
    distance = rng.gamma(2.0, 2.0, n)
    score = -1.25 - 0.8 * trend - 0.16 * (visits - 6) + 0.9 * complaints + 0.12 * (distance - 4) - 0.02 * (months - 18)
    leaves = rng.random(n) < 1 / (1 + np.exp(-score))
    return np.stack([months, visits, trend, classes, complaints, distance], axis=1), leaves.astype("float32")


def build():
    return keras.Sequential([
        keras.Input((6,)),
        layers.Dense(48, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(24, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ], name="churn")


def run(callbacks):
    keras.utils.set_random_seed(2)
    x, y = members()
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=0, stratify=y)
    scaler = StandardScaler().fit(x_train)
    x_train = scaler.transform(x_train).astype("float32")
    x_val = scaler.transform(x_val).astype("float32")
    model = build()
    model.compile(
        optimizer="adam",
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(name="acc"), keras.metrics.Recall(name="recall")],
    )
    model.fit(x_train, y_train, validation_data=(x_val, y_val), batch_size=64, epochs=15, callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
