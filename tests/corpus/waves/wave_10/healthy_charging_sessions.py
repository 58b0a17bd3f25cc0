"""Sum up the energy of charging sessions of different lengths; short sessions are padded with -10, which a Masking layer leaves out."""
import keras
import numpy as np
from keras import layers

LONGEST = 24
PAD = -10.0


def sessions(n, seed):
    rng = np.random.default_rng(seed)
    x = np.full((n, LONGEST, 3), PAD, "float32")
    energy = np.zeros(n, "float32")
    for i in range(n):
        steps = rng.integers(4, LONGEST + 1)
        start = rng.uniform(0.3, 1.0)
        power = start * np.exp(-np.arange(steps) * rng.uniform(0, 0.15)) + rng.normal(0, 0.03, steps)
        x[i, :steps, 0] = power
        x[i, :steps, 1] = rng.normal(0, 0.5, steps)
        x[i, :steps, 2] = np.linspace(0, 1, steps)
        energy[i] = power.sum()
    return x, energy


def run(callbacks):
    keras.utils.set_random_seed(32)
    x, y = sessions(1600, 1)
    x_val, y_val = sessions(300, 2)
    mean, std = y.mean(), y.std()
    y, y_val = (y - mean) / std, (y_val - mean) / std

    power = keras.Input((LONGEST, 3), name="session")
    h = layers.Masking(mask_value=PAD, name="leave_out_padding")(power)
    h = layers.GRU(24, unroll=True, name="reader")(h)
    energy = layers.Dense(1, name="energy")(h)
    model = keras.Model(power, energy)
    model.compile(keras.optimizers.Adam(5e-3, clipnorm=1.0), "mse", metrics=["mae"])
    model.fit(x, y, batch_size=50, epochs=14, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
