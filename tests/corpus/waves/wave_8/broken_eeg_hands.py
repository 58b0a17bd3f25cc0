"""Motor imagery from 8-channel EEG: did the subject think of the left or of the right hand?

Wrong: the recordings are (trials, channels, time) and Conv1D wants (trials, time, channels). The axes are changed with ``reshape``
instead of ``transpose``: each "time step" now holds eight successive samples of one electrode, and which electrode is ahead of
which - the only thing that tells the hands apart - is gone. It trains without a murmur and validation stays near chance.

Expected: validation-at-chance, stalled-loss
"""
import keras
import numpy as np
from keras import layers

CHANNELS, SAMPLES = 8, 128


def recordings(trials=1600, seed=7):
    rng = np.random.default_rng(seed)
    t = np.arange(SAMPLES) / 128.0
    y = rng.integers(0, 2, trials)
    eeg = np.empty((trials, CHANNELS, SAMPLES), "float32")
    for k in range(trials):
        freq, phase = rng.uniform(9, 13), rng.uniform(0, 2 * np.pi)
        lead = 0.9 if y[k] else -0.9                  # C3 ahead of C4 or the other way round
        delays = np.linspace(-1, 1, CHANNELS) * lead
        for c in range(CHANNELS):
            eeg[k, c] = 12e-6 * np.sin(2 * np.pi * freq * t + phase + delays[c])
        eeg[k] += rng.normal(0, 9e-6, (CHANNELS, SAMPLES))
    return eeg, y


def build():
    inputs = keras.Input((SAMPLES, CHANNELS))
    x = layers.Conv1D(24, 7, padding="same")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("elu")(x)
    x = layers.MaxPooling1D(2)(x)
    x = layers.Conv1D(32, 5, padding="same", activation="elu")(x)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(inputs, layers.Dense(2, activation="softmax")(x), name="eegnet_mini")


def run(callbacks):
    keras.utils.set_random_seed(2)
    eeg, hand = recordings()
    eeg = eeg * 1e5                                   # volts -> tens of microvolts
    eeg = (eeg - eeg.mean(axis=2, keepdims=True)) / eeg.std(axis=2, keepdims=True)
    X = eeg.reshape(-1, SAMPLES, CHANNELS)
    n = 1280
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(X[:n], hand[:n], validation_data=(X[n:], hand[n:]), epochs=14, batch_size=32,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
