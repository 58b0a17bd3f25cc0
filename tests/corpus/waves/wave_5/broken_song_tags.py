"""Tags songs with moods and genres (a song has one to five of nine tags) from sound descriptors.

Wrong: several tags can hold at once, but the output is a softmax with categorical cross-entropy, as for exactly one
class. The outputs share a total of 1, so a song with four tags gives each of them at most a quarter, and the loss
even rises while it trains.
Expected: label-loss-mismatch, output-activation-mismatch, unsuitable-loss
"""
import keras
import numpy as np
from keras import layers

TAGS = ["calm", "dark", "dance", "guitar", "vocal", "live", "jazz", "electronic", "acoustic"]


def songs(n=5000):
    rng = np.random.default_rng(70)
    mix = rng.normal(0, 1, (30, len(TAGS)))
    x = rng.normal(0, 1, (n, 30))
    score = x @ mix / np.sqrt(30) + 0.6 * np.tanh(x[:, :1] * x[:, 1:2]) + rng.normal(0, 0.2, (n, len(TAGS)))
    y = (score > np.quantile(score, 0.68)).astype("float32")
    has = y.sum(1) > 0
    return x[has].astype("float32"), y[has]


def run(callbacks):
    keras.utils.set_random_seed(71)
    x, y = songs()
    cut = int(0.8 * len(x))
    inp = keras.Input((30,), name="descriptors")
    h = layers.Dense(64)(inp)
    h = layers.BatchNormalization()(h)
    h = layers.Activation("relu")(h)
    h = layers.Dense(32, activation="relu")(h)
    out = layers.Dense(len(TAGS), activation="softmax", name="tags")(h)
    model = keras.Model(inp, out)
    model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy", keras.metrics.Recall(name="recall")])
    return model.fit(x[:cut], y[:cut], batch_size=64, epochs=12, validation_data=(x[cut:], y[cut:]),
                     callbacks=callbacks, verbose=2)
