"""Restore pulse trains of which four fifths were blanked, from an endless generator."""
import keras
import numpy as np
from keras import layers, ops

LENGTH = 64


def pulses(rng, n):
    t = np.arange(LENGTH)
    period = rng.uniform(8, 20, (n, 1))
    phase = rng.uniform(0, 1, (n, 1))
    height = rng.uniform(0.5, 1.5, (n, 1))
    return height * np.cos(2 * np.pi * (t / period + phase))


def stream(seed, batch=64):
    """Never the same batch twice."""
    rng = np.random.default_rng(seed)
    while True:
        clean = pulses(rng, batch)
        seen = rng.random(clean.shape) < 0.2
        x = np.stack([clean * seen, seen], axis=-1)
        y = np.stack([clean, ~seen], axis=-1)
        yield x.astype("float32"), y.astype("float32")


def hidden_error(y_true, y_pred):
    """Squared error on the blanked points only (second channel of the target)."""
    value, hidden = y_true[..., 0], y_true[..., 1]
    squared = ops.square(value - y_pred[..., 0]) * hidden
    return ops.sum(squared, axis=-1) / ops.maximum(ops.sum(hidden, axis=-1), 1.0)


def run(callbacks):
    keras.utils.set_random_seed(60)
    check = [next(s) for s in [stream(999)] for _ in range(6)]
    x_val = np.concatenate([x for x, _ in check])
    y_val = np.concatenate([y for _, y in check])

    inputs = keras.Input((LENGTH, 2))
    h = layers.Flatten()(inputs)
    h = layers.Dense(160, activation="relu")(h)
    h = layers.Dense(160, activation="relu")(h)
    h = layers.Dense(LENGTH)(h)
    outputs = layers.Reshape((LENGTH, 1))(h)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(2e-3), loss=hidden_error)
    return model.fit(
        stream(1), steps_per_epoch=80, epochs=10, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
