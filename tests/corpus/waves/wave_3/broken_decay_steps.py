"""Letters from pen strokes: a GRU over short trajectories with an exponentially falling learning rate.
Wrong: decay_steps=2 was meant as "every two epochs", but ExponentialDecay counts batches, so the rate is practically zero before the first epoch is over.
Expected: learning-rate-too-low, stalled-loss
"""
import numpy as np
import keras
from keras import layers

STEPS = 30


def strokes(n, seed):
    """Lissajous-like strokes of five kinds, as dx/dy per step."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, STEPS + 1)
    kinds = rng.integers(0, 5, n)
    freq = np.array([[1, 1], [1, 2], [2, 1], [2, 3], [3, 2]])[kinds]
    phase = rng.normal(0, 0.4, (n, 2)) + np.array([0, np.pi / 2])
    pts = np.stack([np.cos(2 * np.pi * freq[:, k:k + 1] * t + phase[:, k:k + 1]) for k in (0, 1)], -1)
    pts *= rng.uniform(0.7, 1.3, (n, 1, 1))
    moves = np.diff(pts, axis=1) + rng.normal(0, 0.05, (n, STEPS, 2))
    return (moves / 0.3).astype("float32"), kinds


def run(callbacks):
    keras.utils.set_random_seed(33)
    x, y = strokes(2400, 1)
    vx, vy = strokes(400, 2)

    rate = keras.optimizers.schedules.ExponentialDecay(
        initial_learning_rate=2e-3,
        decay_steps=2,
        decay_rate=0.7,
    )
    model = keras.Sequential([
        keras.Input((STEPS, 2)),
        layers.GRU(32),
        layers.Dense(32, activation="relu"),
        layers.Dense(5, activation="softmax"),
    ])
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model.fit(x, y, validation_data=(vx, vy), epochs=10, batch_size=48, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
