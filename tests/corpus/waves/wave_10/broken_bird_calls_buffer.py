"""Recognise four bird species from band energies of their calls, read with tf.data in the order of the recordings.

Wrong: the rows come species by species (500 each) and the shuffle buffer holds just 48 rows, so nearly every batch has a single species.
The net always says what it has seen last: good figures while training, chance on the mixed validation calls.
Expected: single-class-batch
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

SPECIES = ["blackcap", "robin", "siskin", "wren"]
BANDS = 40


def calls(per_species, seed):
    rng = np.random.default_rng(seed)
    band = np.arange(BANDS)
    rows, labels = [], []
    for number, centre in enumerate((12, 17, 22, 27)):
        for _ in range(per_species):
            peak = centre + rng.normal(0, 1.8)
            energy = 2.2 * np.exp(-((band - peak) / 4.0) ** 2) + rng.normal(0, 0.7, BANDS)
            rows.append(energy)
            labels.append(number)
    return np.array(rows, "float32"), np.array(labels, "int32")


def run(callbacks):
    keras.utils.set_random_seed(37)
    x, y = calls(500, 1)
    x_val, y_val = calls(60, 2)
    mean, std = x.mean(), x.std()
    x, x_val = (x - mean) / std, (x_val - mean) / std

    train = (
        tf.data.Dataset.from_tensor_slices((x, y))
        .shuffle(48, seed=1)
        .batch(32)
        .prefetch(tf.data.AUTOTUNE)
    )
    val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(60)

    energy = keras.Input((BANDS,), name="energy")
    h = layers.Dense(48, activation="relu", name="h1")(energy)
    h = layers.Dense(24, activation="relu", name="h2")(h)
    species = layers.Dense(len(SPECIES), name="species")(h)
    model = keras.Model(energy, species)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(train, validation_data=val, epochs=10, callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
