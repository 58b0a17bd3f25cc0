"""A tiny WaveNet: mu-law coded sound, causal dilated convolutions, the class of the next sample at every position."""
import keras
import numpy as np
from keras import layers

LEVELS, LENGTH = 64, 160


def mu_law(wave):
    mu = LEVELS - 1
    squeezed = np.sign(wave) * np.log1p(mu * np.abs(wave)) / np.log1p(mu)
    return np.clip(((squeezed + 1) / 2 * mu + 0.5).astype("int32"), 0, mu)


def plucks(n, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(LENGTH + 1) / 2000
    out = []
    for _ in range(n):
        f = 110 * 2 ** (rng.integers(0, 13) / 12)
        tone = sum(np.sin(2 * np.pi * f * k * t + rng.uniform(0, 6.28)) / k ** 1.5 for k in (1, 2, 3))
        out.append(0.5 * tone * np.exp(-rng.uniform(2, 8) * t) + rng.normal(0, 0.002, t.size))
    return mu_law(np.clip(np.array(out), -1, 1))


def residual(x, width, dilation):
    gate = layers.Conv1D(width, 2, padding="causal", dilation_rate=dilation, activation="sigmoid")(x)
    filt = layers.Conv1D(width, 2, padding="causal", dilation_rate=dilation, activation="tanh")(x)
    z = layers.Conv1D(width, 1)(layers.Multiply()([gate, filt]))
    return layers.Add()([x, z]), z


def run(callbacks):
    keras.utils.set_random_seed(18)
    codes, val_codes = plucks(320, 1), plucks(60, 2)
    inp = keras.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(LEVELS, 24)(inp)
    skips = []
    for dilation in (1, 2, 4, 8, 16):
        x, skip = residual(x, 24, dilation)
        skips.append(skip)
    h = layers.Activation("relu")(layers.Add()(skips))
    h = layers.Dense(48, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(LEVELS)(h))
    model.compile(keras.optimizers.Adam(5e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(5, name="top5")])
    model.fit(codes[:, :-1], codes[:, 1:], validation_data=(val_codes[:, :-1], val_codes[:, 1:]), batch_size=16,
              epochs=10, verbose=2, callbacks=callbacks)
    return model
