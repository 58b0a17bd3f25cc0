# Wrong: inside a Keras loss the labels arrive as float32, tf.one_hot needs integers
# Mend: labels = tf.cast(tf.reshape(y_true, [-1]), tf.int32)
import numpy as np
import pandas as pd
import tensorflow as tf
import keras
from keras import layers

NUM_CLASSES = 4

def focal_loss(gamma=2.0, alpha=0.25):
    def loss_fn(y_true, y_pred):
        labels = tf.reshape(y_true, [-1])
        onehot = tf.one_hot(labels, depth=NUM_CLASSES)
        p = tf.clip_by_value(y_pred, 1e-7, 1.0 - 1e-7)
        ce = -onehot * tf.math.log(p)
        return tf.reduce_sum(alpha * tf.pow(1.0 - p, gamma) * ce, axis=-1)
    return loss_fn

rng = np.random.default_rng(7)
df = pd.DataFrame(rng.normal(size=(60, 5)), columns=list("abcde"))
df["label"] = rng.choice(NUM_CLASSES, size=60, p=[0.7, 0.1, 0.1, 0.1])
features = df[list("abcde")].to_numpy(dtype="float32")
labels = df["label"].to_numpy()

inp = layers.Input((5,))
h = layers.Dense(16, activation="relu")(inp)
h = layers.BatchNormalization()(h)
out = layers.Dense(NUM_CLASSES, activation="softmax")(h)
clf = keras.Model(inp, out)
clf.compile(optimizer="sgd", loss=focal_loss(), metrics=["accuracy"])
clf.fit(features, labels, epochs=2, batch_size=20, verbose=0)
print(clf.predict(features[:3], verbose=0).argmax(axis=1))
