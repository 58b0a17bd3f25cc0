"""Takes the hiss out of short tones: a 1-D convolutional autoencoder on waves in -1..1, tanh output, clean waves as targets."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

LENGTH = 128


def clean_tone(rng):
    t = np.arange(LENGTH) / LENGTH
    wave = np.zeros(LENGTH)
    for _ in range(int(rng.integers(1, 4))):
        wave += rng.uniform(0.3, 1) * np.sin(2 * np.pi * (rng.uniform(2, 14) * t + rng.random()))
    return 0.9 * wave / np.abs(wave).max()


def stream(seed, count):
    def generate():
        rng = np.random.default_rng(seed)
        for _ in range(count):
            tone = clean_tone(rng).astype("float32")
            noisy = np.clip(tone + rng.normal(0, 0.25, LENGTH), -1, 1).astype("float32")
            yield noisy[:, None], tone[:, None]

    spec = tf.TensorSpec((LENGTH, 1), tf.float32)
    return tf.data.Dataset.from_generator(generate, output_signature=(spec, spec))


def run(callbacks):
    keras.utils.set_random_seed(73)
    train = stream(1, 2000).cache().shuffle(2000, seed=1).batch(32).prefetch(2)
    valid = stream(2, 320).cache().batch(32)
    inp = keras.Input((LENGTH, 1))
    h = layers.Conv1D(16, 9, strides=2, padding="same", activation="relu")(inp)
    h = layers.Conv1D(24, 9, strides=2, padding="same", activation="relu")(h)
    h = layers.Conv1DTranspose(16, 9, strides=2, padding="same", activation="relu")(h)
    out = layers.Conv1DTranspose(1, 9, strides=2, padding="same", activation="tanh")(h)
    model = keras.Model(inp, out)
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse", metrics=["mae"])
    return model.fit(train, validation_data=valid, epochs=8, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
