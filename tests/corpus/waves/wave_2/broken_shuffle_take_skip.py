"""Wine-like table, split with take and skip.

Wrong: the data set is shuffled before take/skip. tf.data shuffles anew at each pass, so in every epoch another part is
"validation", and the net has trained on nearly all validation rows: the validation scores are too good.
Expected: train-validation-overlap
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers


def table(n=900):
    rng = np.random.default_rng(17)
    x = rng.normal(size=(n, 24)).astype("float32")
    signal = x[:, 0] - 0.8 * x[:, 1] + x[:, 2] * x[:, 3]
    y = (signal + rng.normal(0, 1.6, n) > 0).astype("int64")
    return x, y


def run(callbacks):
    keras.utils.set_random_seed(17)
    x, y = table()
    full = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(buffer_size=len(x), seed=17)
    val_ds = full.take(180).batch(60)
    train_ds = full.skip(180).batch(24)

    model = keras.Sequential([
        layers.Input((24,)),
        layers.Dense(128, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(2, activation="softmax"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train_ds, epochs=6, validation_data=val_ds, callbacks=callbacks, verbose=0)
