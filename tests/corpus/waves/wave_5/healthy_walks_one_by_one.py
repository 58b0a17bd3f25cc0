"""Classifies GPS walks of very different length, one walk a batch, so that nothing needs padding."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers


def walk(rng, kind):
    steps = int(rng.integers(12, 90))
    heading = np.cumsum(rng.normal(0, [0.1, 0.45, 1.2][kind], steps)) + rng.uniform(0, 2 * np.pi)
    speed = rng.gamma(8, 0.16, steps)
    return np.stack([speed * np.cos(heading), speed * np.sin(heading)], axis=1).astype("float32")


def stream(walks, kinds, shuffle):
    def generate():
        order = np.random.permutation(len(walks)) if shuffle else range(len(walks))
        for i in order:
            yield walks[i][None], np.array([kinds[i]], "int32")

    spec = (tf.TensorSpec((1, None, 2), tf.float32), tf.TensorSpec((1,), tf.int32))
    ds = tf.data.Dataset.from_generator(generate, output_signature=spec)
    return ds.apply(tf.data.experimental.assert_cardinality(len(walks))).prefetch(4)


def run(callbacks):
    keras.utils.set_random_seed(4)
    rng = np.random.default_rng(104)
    kinds = rng.integers(0, 3, 420)
    walks = [walk(rng, k) for k in kinds]
    train = stream(walks[:330], kinds[:330], shuffle=True)
    val = stream(walks[330:], kinds[330:], shuffle=False)

    model = keras.Sequential([
        keras.Input((None, 2), batch_size=1),
        layers.Conv1D(16, 5, activation="relu", padding="same"),
        layers.Conv1D(32, 5, activation="relu", padding="same"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile(keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(train, validation_data=val, epochs=7, callbacks=callbacks, verbose=2)
