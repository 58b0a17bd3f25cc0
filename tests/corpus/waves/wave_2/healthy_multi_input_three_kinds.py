"""Flats: a tiny picture, numbers and the district as words go in, the rent and 'has a garden' come out (dicts, tf.data)."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers


def flats(n, seed):
    rng = np.random.default_rng(seed)
    garden = rng.integers(0, 2, n)
    district = rng.choice(["north", "south", "harbour", "old town"], n, p=[0.5, 0.3, 0.15, 0.05])
    rooms, size = rng.integers(1, 6, n), rng.normal(75, 20, n)
    plan = rng.uniform(0, 0.4, (n, 12, 12, 1))
    plan[garden == 1, 8:, :, :] += 0.5
    extra = np.select([district == "harbour", district == "old town"], [1.0, 1.5], 0.0)
    rent = 0.02 * (size - 75) + 0.2 * rooms + extra + 0.4 * garden + rng.normal(0, 0.1, n)
    numbers = np.stack([rooms / 3 - 1, (size - 75) / 20], 1)
    return ({"plan": plan.astype("float32"), "numbers": numbers.astype("float32"), "district": district},
            {"rent": rent.astype("float32")[:, None], "garden": garden.astype("float32")[:, None]})


def run(callbacks):
    keras.utils.set_random_seed(18)
    lookup = layers.StringLookup(vocabulary=["north", "south", "harbour", "old town"], num_oov_indices=1,
                                 output_mode="one_hot")

    def encode(x, y):
        return {**x, "district": lookup(x["district"])}, y

    train = tf.data.Dataset.from_tensor_slices(flats(1600, 1)).shuffle(1600).batch(32).map(encode)
    valid = tf.data.Dataset.from_tensor_slices(flats(300, 2)).batch(100).map(encode)

    plan = keras.Input((12, 12, 1), name="plan")
    numbers = keras.Input((2,), name="numbers")
    district = keras.Input((5,), name="district")
    p = layers.Flatten()(layers.Conv2D(4, 3, strides=3, activation="relu")(plan))
    h = layers.Dense(32, activation="relu")(layers.Concatenate()([p, numbers, district]))
    outputs = {"rent": layers.Dense(1, name="rent")(h), "garden": layers.Dense(1, activation="sigmoid", name="garden")(h)}
    model = keras.Model({"plan": plan, "numbers": numbers, "district": district}, outputs)
    model.compile("adam", loss={"rent": "mae", "garden": "binary_crossentropy"}, loss_weights={"rent": 1.0, "garden": 0.3},
                  metrics={"garden": "accuracy"})
    model.fit(train, epochs=4, validation_data=valid, callbacks=callbacks, verbose=0)
