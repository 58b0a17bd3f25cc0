"""Spot four kinds of fabric defects, streamed from one record after another.

Wrong: the records are stored defect by defect, and shuffle(50) only mixes fifty
neighbours of 2,000. Nearly every batch holds a single class, so the network follows
the class that came last and each epoch ends in favour of the fourth.

Expected: single-class-batch
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

DEFECTS = ["hole", "stripe", "stain", "knot"]
PER_CLASS = 500


def swatch(kind, rng, size=24):
    yy, xx = np.mgrid[0:size, 0:size]
    cloth = 0.5 + 0.1 * np.sin(xx * 1.6) * np.sin(yy * 1.6)
    cx, cy = rng.integers(6, 18, 2)
    r = np.hypot(xx - cx, yy - cy)
    if kind == 0:
        cloth[r < 3] = 0.05
    elif kind == 1:
        cloth[:, cx : cx + 2] += 0.25
    elif kind == 2:
        cloth -= 0.25 * np.exp(-(r**2) / 30)
    else:
        cloth[r < 2] += 0.4
    return cloth + rng.normal(0, 0.04, cloth.shape)


def records(seed, order=range(4), per_class=PER_CLASS):
    def stream():
        rng = np.random.default_rng(seed)
        for kind in order:
            for _ in range(per_class):
                yield swatch(kind, rng).astype("float32")[..., None], kind

    signature = (
        tf.TensorSpec((24, 24, 1), tf.float32), tf.TensorSpec((), tf.int32),
    )
    return tf.data.Dataset.from_generator(stream, output_signature=signature).cache()


def run(callbacks):
    keras.utils.set_random_seed(22)
    train = records(1).shuffle(50).batch(25).prefetch(2)
    val = records(2, per_class=80).batch(80)
    model = keras.Sequential(
        [
            keras.Input((24, 24, 1)),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(DEFECTS), activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model.fit(
        train, validation_data=val, epochs=5, callbacks=callbacks, verbose=2
    )


if __name__ == "__main__":
    run([])
