"""Bearing fault classes from vibration chunks that a Python generator cuts out of long recordings.
Wrong: the generator goes over the data once and ends (no `while True`), but fit is asked for 15 epochs with
steps_per_epoch; after the first epoch the input has run out and the remaining epochs train on next to nothing.
Expected: exhausted-data
"""
import keras
import numpy as np
from keras import layers

CHUNK = 128
BATCH = 16


def recording(kind, seconds, rng):
    t = np.arange(seconds * 512) / 512
    s = np.sin(2 * np.pi * 25 * t) + rng.normal(0, 0.6, t.size)
    if kind == 1:        # outer race
        s += 0.9 * (np.sin(2 * np.pi * 7 * t) > 0.97) * rng.normal(1, 0.3, t.size)
    elif kind == 2:      # inner race
        s += 0.5 * np.sin(2 * np.pi * 110 * t)
    return s.astype("float32")


def chunks(recordings, rng):
    places = [(k, i) for k, r in enumerate(recordings) for i in range(0, len(r) - CHUNK, 64)]
    rng.shuffle(places)
    for b in range(0, len(places) - BATCH + 1, BATCH):
        part = places[b:b + BATCH]
        x = np.stack([recordings[k][i:i + CHUNK] for k, i in part])[..., None]
        yield x, np.array([k for k, _ in part])


def run(callbacks):
    keras.utils.set_random_seed(18)
    rng = np.random.default_rng(18)
    train = [recording(k, 40, rng) for k in range(3)]
    test = [recording(k, 10, rng) for k in range(3)]
    per_epoch = sum((len(r) - CHUNK) // 64 for r in train) // BATCH
    val_batches = list(chunks(test, rng))
    x_val = np.concatenate([b[0] for b in val_batches])
    y_val = np.concatenate([b[1] for b in val_batches])

    model = keras.Sequential([
        keras.Input((CHUNK, 1)),
        layers.Conv1D(16, 9, strides=2, activation="relu"),
        layers.Conv1D(24, 5, strides=2, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(5e-4), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(chunks(train, rng), steps_per_epoch=per_epoch, epochs=15, validation_data=(x_val, y_val), verbose=2,
              callbacks=callbacks)
    return model
