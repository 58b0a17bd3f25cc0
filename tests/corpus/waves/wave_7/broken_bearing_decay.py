"""Classify bearing damage from vibration spectra with a dense network and a decaying learning rate.

Wrong: the decay was meant to be a factor of 0.7 an epoch, but `decay_steps=1` applies it at each optimizer step. After some thirty
batches the learning rate is a millionth of a per cent of its start and training stands still.

Expected: learning-rate-too-low, stalled-loss
"""
import numpy as np
import keras
from keras import layers
from sklearn.model_selection import train_test_split


def vibrations(n=1500, size=256):
    rng = np.random.default_rng(18)
    t = np.arange(size)
    kinds = rng.integers(0, 4, n)
    signals = []
    for k in kinds:
        speed = rng.uniform(0.9, 1.1)
        s = np.sin(2 * np.pi * 0.02 * speed * t + rng.uniform(0, 6))
        if k == 1:
            s += 0.5 * np.sin(2 * np.pi * 0.11 * speed * t)
        if k == 2:
            s += 0.5 * np.sin(2 * np.pi * 0.17 * speed * t) * (1 + np.sin(2 * np.pi * 0.02 * t))
        if k == 3:
            s[::int(37 / speed)] += 2.5
        signals.append(s + rng.normal(0, 0.4, size))
    return np.array(signals), kinds


def run(callbacks):
    keras.utils.set_random_seed(7)
    signals, kinds = vibrations()
    spectra = np.log1p(np.abs(np.fft.rfft(signals * np.hanning(256), axis=1))).astype("float32")
    x_train, x_test, y_train, y_test = train_test_split(spectra, kinds, test_size=0.2, random_state=5)
    mean, std = x_train.mean(0), x_train.std(0) + 1e-6
    x_train, x_test = (x_train - mean) / std, (x_test - mean) / std

    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, decay_steps=1, decay_rate=0.7)
    model = keras.Sequential([
        layers.Input((129,)),
        layers.Dense(64, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(4),
    ])
    model.compile(optimizer=keras.optimizers.Adam(schedule),
                  loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=12, batch_size=40,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
