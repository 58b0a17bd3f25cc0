"""Recognises four gases from the response of an array of metal-oxide sensors.
Wrong: the recordings are stacked gas by gas and validation_split=0.25 cuts off the last quarter before any shuffling; the
validation set holds only the fourth gas, which training never sees: training 100 percent, validation 0.
Expected: train-validation-skew, validation-at-chance
"""
import keras
import numpy as np
from keras import layers

GASES = ["ammonia", "acetone", "ethanol", "toluene"]
SENSORS = 8
STEPS = 60


def session(gas, n, rng):
    """One afternoon of measuring a single gas."""
    affinity = np.random.default_rng(100 + gas).uniform(0.3, 1.2, SENSORS)
    tau = np.random.default_rng(200 + gas).uniform(5, 20, SENSORS)
    t = np.arange(STEPS)[:, None]
    dose = rng.uniform(0.6, 1.4, (n, 1, 1))
    curve = affinity * (1 - np.exp(-t / tau))
    return dose * curve + rng.normal(0, 0.08, (n, STEPS, SENSORS))


def run(callbacks):
    keras.utils.set_random_seed(14)
    rng = np.random.default_rng(14)
    recordings, labels = [], []
    for gas in range(len(GASES)):
        recordings.append(session(gas, 200, rng))
        labels.append(np.full(200, gas))
    x = np.concatenate(recordings).astype("float32")
    y = keras.utils.to_categorical(np.concatenate(labels), len(GASES))
    x = (x - x.mean(axis=(0, 1))) / x.std(axis=(0, 1))

    net = keras.Sequential([
        layers.Input((STEPS, SENSORS)),
        layers.Conv1D(16, 5, activation="relu"),
        layers.MaxPooling1D(3),
        layers.Conv1D(24, 5, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(len(GASES), activation="softmax"),
    ])
    net.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    net.fit(x, y, validation_split=0.25, batch_size=16, epochs=8, verbose=2, callbacks=callbacks)
    return net
