"""Tells left-hand from right-hand imagery in 8-channel EEG epochs with a 1-D convolution.

Wrong: the recorder delivers (trial, channel, time). `reshape` to (trial, time, channel) is used where a transpose is needed,
so that each "time step" holds eight neighbouring samples of one electrode and each "channel" jumps between electrodes.

Expected: none-fits
"""
import numpy as np
import keras
from keras import layers
from sklearn.model_selection import train_test_split

CHANNELS, SAMPLES, RATE = 8, 160, 80


def record(trials=700):
    rng = np.random.default_rng(4)
    t = np.arange(SAMPLES) / RATE
    data = np.empty((trials, CHANNELS, SAMPLES))
    side = rng.integers(0, 2, trials)
    for k in range(trials):
        for c in range(CHANNELS):
            phase = rng.uniform(0, 2 * np.pi)
            strength = rng.uniform(0.6, 1.4)
            hemisphere = 0 if c < 4 else 1
            if hemisphere != side[k]:
                strength *= 0.6
            mu = strength * np.sin(2 * np.pi * rng.uniform(9, 12) * t + phase)
            drift = np.cumsum(rng.normal(0, 0.06, SAMPLES))
            data[k, c] = mu + drift + rng.normal(0, 0.7, SAMPLES)
    return data.astype("float32"), side


class EEGNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.c1 = layers.Conv1D(16, 9, padding="same", activation="relu")
        self.pool = layers.AveragePooling1D(2)
        self.c2 = layers.Conv1D(16, 9, padding="same", activation="relu")
        self.gap = layers.GlobalAveragePooling1D()
        self.drop = layers.Dropout(0.2)
        self.out = layers.Dense(1, activation="sigmoid")

    def call(self, x, training=False):
        x = self.c2(self.pool(self.c1(x)))
        return self.out(self.drop(self.gap(x), training=training))


def run(callbacks):
    keras.utils.set_random_seed(2)
    data, side = record()
    data = (data - data.mean(axis=2, keepdims=True)) / data.std()
    x = data.reshape(len(data), SAMPLES, CHANNELS)
    x_train, x_test, y_train, y_test = train_test_split(x, side, test_size=0.25, random_state=6, stratify=side)
    model = EEGNet()
    model.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=20, batch_size=32,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
