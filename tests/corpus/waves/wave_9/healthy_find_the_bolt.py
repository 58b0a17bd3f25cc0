"""Finds one bolt in a picture: is there one, which kind, and where (box in parts of the image). Box loss only where a bolt exists."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

SIZE = 32


def pictures(n=1800, seed=75):
    rng = np.random.default_rng(seed)
    image = rng.normal(0.3, 0.06, (n, SIZE, SIZE)).astype("float32")
    present = (rng.random(n) < 0.75).astype("float32")
    kind = rng.integers(0, 2, n)
    box = np.zeros((n, 4), "float32")
    for i in np.flatnonzero(present):
        h, w = rng.integers(7, 13, 2)
        top, left = rng.integers(0, SIZE - h), rng.integers(0, SIZE - w)
        if kind[i]:
            image[i, top:top + h, left:left + w] += 0.5
        else:
            image[i, top:top + h:2, left:left + w] += 0.5
        box[i] = [(top + h / 2) / SIZE, (left + w / 2) / SIZE, h / SIZE, w / SIZE]
    return image.clip(0, 1)[..., None], present, kind.astype("int32"), box


def run(callbacks):
    keras.utils.set_random_seed(76)
    image, present, kind, box = pictures()

    def dataset(rows, train):
        labels = {"present": present[rows][:, None], "kind": kind[rows], "box": box[rows]}
        weights = {"present": np.ones(len(present[rows]), "float32"), "kind": present[rows], "box": present[rows]}
        ds = tf.data.Dataset.from_tensor_slices((image[rows], labels, weights))
        return (ds.shuffle(1500, seed=2) if train else ds).batch(30).prefetch(1)

    inp = keras.Input((SIZE, SIZE, 1))
    h = inp
    for filters in (16, 24, 32):
        h = layers.Conv2D(filters, 3, padding="same")(h)
        h = layers.GroupNormalization(4)(h)
        h = layers.Activation("relu")(h)
        h = layers.MaxPooling2D()(h)
    h = layers.Dense(96, activation="relu")(layers.Flatten()(h))
    outputs = {"present": layers.Dense(1, activation="sigmoid", name="present")(h),
               "kind": layers.Dense(2, activation="softmax", name="kind")(h),
               "box": layers.Dense(4, activation="sigmoid", name="box")(h)}
    model = keras.Model(inp, outputs)
    model.compile(optimizer=keras.optimizers.Adam(2e-3),
                  loss={"present": "binary_crossentropy", "kind": "sparse_categorical_crossentropy", "box": "mse"},
                  loss_weights={"present": 1.0, "kind": 1.0, "box": 20.0},
                  weighted_metrics={"present": ["accuracy"], "kind": ["accuracy"], "box": ["mae"]})
    return model.fit(dataset(slice(0, 1500), True), validation_data=dataset(slice(1500, None), False), epochs=8,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
