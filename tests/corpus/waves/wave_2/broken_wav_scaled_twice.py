"""Which instrument is it? 1-D convolutions over raw sound, tf.data.

Wrong: read_clip already turns the 16 bit samples into -1..1, and the pipeline's prepare() divides by 32768 once more,
so the net sees values of about 1e-5 and hardly moves.
Expected: double-scaled-input
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

RATE, SECONDS = 4000, 0.25


def synth(kind, rng):
    t = np.arange(int(RATE * SECONDS)) / RATE
    f, phase = rng.uniform(180, 420), rng.uniform(0, 6.28)
    base = 2 * np.pi * f * t + phase
    wave = [np.sin(base),
            np.sign(np.sin(base)),
            np.sin(base) * np.exp(-t * 18),
            np.sin(base + 4 * np.sin(2 * np.pi * 9 * t))][kind]
    wave = wave * rng.uniform(0.4, 0.9) + rng.normal(0, 0.02, t.size)
    return (np.clip(wave, -1, 1) * 32767).astype("int16")


def read_clip(pcm):
    return pcm.astype("float32") / 32768.0


def prepare(sound, label):
    sound = tf.cast(sound, tf.float32) / 32768.0
    return sound[:, tf.newaxis], label


def run(callbacks):
    rng = np.random.default_rng(77)
    keras.utils.set_random_seed(77)
    labels = rng.integers(0, 4, 640)
    clips = np.stack([read_clip(synth(k, rng)) for k in labels])
    train = tf.data.Dataset.from_tensor_slices((clips[:512], labels[:512]))
    train = train.shuffle(512, seed=1).map(prepare).batch(32).prefetch(1)
    valid = tf.data.Dataset.from_tensor_slices((clips[512:], labels[512:])).map(prepare).batch(64)

    model = keras.Sequential([
        layers.Input((clips.shape[1], 1)),
        layers.Conv1D(16, 32, strides=8, activation="relu"),
        layers.Conv1D(24, 8, strides=4, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(4),
    ])
    model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(train, epochs=6, validation_data=valid, callbacks=callbacks, verbose=0)
