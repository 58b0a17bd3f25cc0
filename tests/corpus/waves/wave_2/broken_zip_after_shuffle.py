"""Breast cancer with tf.data, features and labels in two data sets.

Wrong: both data sets are shuffled before they are zipped, each in its own order, so the rows do not belong to their
labels any more. The net can only learn the base rate.
In the author's words: inputs and labels shuffled apart.
Expected: stalled-loss
"""
import keras
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

AUTOTUNE = tf.data.AUTOTUNE


def pipeline(features, labels, training):
    fds = tf.data.Dataset.from_tensor_slices(features)
    lds = tf.data.Dataset.from_tensor_slices(labels)
    if training:
        fds = fds.shuffle(buffer_size=600)
        lds = lds.shuffle(buffer_size=600)
    return tf.data.Dataset.zip((fds, lds)).batch(16).prefetch(AUTOTUNE)


def run(callbacks):
    keras.utils.set_random_seed(3)
    data = load_breast_cancer()
    x_train, x_val, y_train, y_val = train_test_split(scale(data.data).astype("float32"), data.target.astype("float32"),
                                                      test_size=0.2, random_state=3, stratify=data.target)
    model = keras.Sequential([
        layers.Input((30,)),
        layers.Dense(16, activation="relu"),
        layers.Dense(8, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=keras.losses.BinaryCrossentropy(),
                  metrics=[keras.metrics.BinaryAccuracy(), keras.metrics.AUC(name="auc")])
    model.fit(pipeline(x_train, y_train, True), validation_data=pipeline(x_val, y_val, False), epochs=6,
              callbacks=callbacks, verbose=0)
