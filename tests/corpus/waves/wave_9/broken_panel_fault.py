"""Finds faulty strings in a solar park from one day of current readings (fault or no fault).

Wrong: the single output unit has a softmax; softmax over one number is always 1, so the model calls every string faulty, has no
gradient, and the accuracy stays at the share of faults.
Expected: output-activation-mismatch, constant-output
"""
import numpy as np
import keras
from keras import layers


def day_curves(n=2400, steps=96, seed=2):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, steps)
    sun = np.clip(np.sin(np.pi * (t - 0.2) / 0.6), 0, None) * ((t > 0.2) & (t < 0.8))
    clouds = 1 - 0.5 * np.clip(np.cumsum(rng.normal(0, 0.12, (n, steps)), 1), 0, 1)
    current = 8.5 * sun[None] * clouds
    fault = rng.random(n) < 0.4
    for i in np.flatnonzero(fault):
        start = rng.integers(25, 55)
        current[i, start:start + rng.integers(15, 35)] *= rng.uniform(0.2, 0.5)
    current += rng.normal(0, 0.1, current.shape)
    return (current / 8.5).astype("float32")[..., None], fault.astype("int32")


def block(x, filters, stride):
    skip = layers.Conv1D(filters, 1, strides=stride)(x)
    x = layers.Conv1D(filters, 5, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.Activation("relu")(x)
    return layers.Add()([x, skip])


def run(callbacks):
    keras.utils.set_random_seed(40)
    x, y = day_curves()
    inp = layers.Input((96, 1), name="current")
    h = block(inp, 16, 2)
    h = block(h, 24, 2)
    h = block(h, 32, 2)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dense(16, activation="relu")(h)
    out = layers.Dense(1, activation="softmax", name="fault")(h)
    model = keras.Model(inp, out, name="string_monitor")
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Nadam(), metrics=["accuracy"])
    return model.fit(x[:1900], y[:1900], batch_size=40, epochs=6, validation_data=(x[1900:], y[1900:]),
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
