"""Recognises who is walking (five people) from three-axis acceleration, with a bidirectional GRU.

Wrong: Adam runs at a learning rate of 0.2 ("bigger is faster", carried over from an SGD script); every step throws the weights far
about, the gates saturate and the loss swings above that of guessing.
Expected: learning-rate-too-high, oscillating-loss
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

PEOPLE, STEPS = 5, 50


def recordings(n=2500, seed=13):
    rng = np.random.default_rng(seed)
    who = rng.integers(0, PEOPLE, n)
    pace = np.array([0.9, 1.05, 1.2, 1.35, 1.5])[who] + rng.normal(0, 0.03, n)
    bounce = np.array([0.8, 1.2, 0.9, 1.1, 1.0])[who]
    t = np.arange(STEPS) / 12.0
    phase = rng.uniform(0, 2 * np.pi, n)[:, None]
    base = 2 * np.pi * pace[:, None] * t[None] + phase
    signal = np.stack([bounce[:, None] * np.sin(base), 0.5 * np.sin(2 * base + 0.4), 0.3 * np.cos(base)], -1)
    signal += rng.normal(0, 0.2, signal.shape)
    return signal.astype("float32"), who.astype("int32")


def run(callbacks):
    keras.utils.set_random_seed(7)
    x, y = recordings()
    train = tf.data.Dataset.from_tensor_slices((x[:2000], y[:2000])).shuffle(2000, seed=2).batch(50).prefetch(1)
    valid = tf.data.Dataset.from_tensor_slices((x[2000:], y[2000:])).batch(100)
    model = keras.Sequential(name="gait")
    model.add(layers.Input((STEPS, 3)))
    model.add(layers.Bidirectional(layers.GRU(24, return_sequences=True)))
    model.add(layers.GRU(24))
    model.add(layers.Dense(32, activation="tanh"))
    model.add(layers.Dense(PEOPLE, activation="softmax"))
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.2),
                  loss=keras.losses.SparseCategoricalCrossentropy(),
                  metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")])
    return model.fit(train, validation_data=valid, epochs=5, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
