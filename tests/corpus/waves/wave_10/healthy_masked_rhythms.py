"""Fill gaps in drum patterns: a seventh of the steps is hidden, and only the hidden steps have a weight in the loss."""
import keras
import numpy as np
from keras import layers

STEPS = 24
SOUNDS = 12
HIDDEN = SOUNDS


def patterns(n, rng):
    """Each sound is followed by one or (seldom) another certain sound, so neighbours tell what is missing."""
    follow = (np.arange(SOUNDS) * 5 + 3) % SOUNDS
    other = (np.arange(SOUNDS) + 1) % SOUNDS
    out = np.empty((n, STEPS), "int32")
    out[:, 0] = rng.integers(0, SOUNDS, n)
    for t in range(1, STEPS):
        usual = rng.random(n) < 0.92
        out[:, t] = np.where(usual, follow[out[:, t - 1]], other[out[:, t - 1]])
    return out


def hide(sounds, rng):
    gone = rng.random(sounds.shape) < 1 / 7
    gone[np.arange(len(sounds)), rng.integers(0, STEPS, len(sounds))] = True
    return np.where(gone, HIDDEN, sounds).astype("int32"), sounds, gone.astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(38)
    rng = np.random.default_rng(38)
    x, y, weight = hide(patterns(4000, rng), rng)
    x_val, y_val, weight_val = hide(patterns(500, rng), rng)

    heard = keras.Input((STEPS,), dtype="int32", name="heard")
    h = layers.Embedding(SOUNDS + 1, 24, name="sounds")(heard)
    h = layers.Conv1D(64, 5, padding="same", activation="relu", name="near")(h)
    h = layers.Conv1D(64, 3, padding="same", activation="relu", name="wider")(h)
    guess = layers.Dense(SOUNDS, activation="softmax", name="guess")(h)
    model = keras.Model(heard, guess)
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    model.fit(x, y, sample_weight=weight, batch_size=64, epochs=10, validation_data=(x_val, y_val, weight_val),
              callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
