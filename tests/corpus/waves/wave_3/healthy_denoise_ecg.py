"""Convolutional autoencoder that cleans heartbeat traces: noise is added in the input only, the target is the clean trace."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

N = 128


def beats(n, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(N)
    out = np.zeros((n, N), "float32")
    for i in range(n):
        start, period = rng.uniform(0, 30), rng.uniform(35, 55)
        for c in np.arange(start, N + 20, period):
            out[i] += 1.0 * np.exp(-0.5 * ((t - c) / 1.6) ** 2)
            out[i] -= 0.25 * np.exp(-0.5 * ((t - c - 4) / 1.8) ** 2)
            out[i] += 0.3 * np.exp(-0.5 * ((t - c - 14) / 4.0) ** 2)
    return out[..., None]


def noisy(clean):
    hiss = tf.random.normal(tf.shape(clean), stddev=0.25)
    return clean + hiss, clean


def build():
    inp = keras.Input((N, 1))
    h = layers.Conv1D(16, 7, strides=2, padding="same", activation="relu")(inp)
    h = layers.Conv1D(24, 7, strides=2, padding="same", activation="relu")(h)
    h = layers.Conv1DTranspose(24, 7, strides=2, padding="same", activation="relu")(h)
    h = layers.Conv1DTranspose(16, 7, strides=2, padding="same", activation="relu")(h)
    return keras.Model(inp, layers.Conv1D(1, 5, padding="same")(h))


def run(callbacks):
    keras.utils.set_random_seed(6)
    train = (tf.data.Dataset.from_tensor_slices(beats(1000, 1)).shuffle(1000).batch(30)
             .map(noisy, num_parallel_calls=2).prefetch(2))
    clean = beats(200, 2)
    hiss = np.random.default_rng(9).normal(0, 0.25, clean.shape).astype("float32")
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse")
    hist = model.fit(train, validation_data=(clean + hiss, clean), epochs=6, callbacks=callbacks, verbose=0)
    print("error before", round(float((hiss ** 2).mean()), 4), "after", round(hist.history["val_loss"][-1], 4))
    return hist


if __name__ == "__main__":
    run([])
