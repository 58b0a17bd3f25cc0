# Wrong: the metric multiplies float32 labels by an int32 thresholded prediction
# Mend: y_true = tf.cast(tf.reshape(y_true, [-1]), tf.int32)
import numpy as np
import tensorflow as tf
import keras

class Specificity(keras.metrics.Metric):
    def __init__(self, threshold=0.5, name="specificity", **kwargs):
        super().__init__(name=name, **kwargs)
        self.threshold = threshold
        self.tn = self.add_weight(name="tn", initializer="zeros")
        self.fp = self.add_weight(name="fp", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = tf.reshape(y_true, [-1])
        y_hat = tf.cast(tf.reshape(y_pred, [-1]) > self.threshold, tf.int32)
        tn = tf.reduce_sum((1 - y_true) * (1 - y_hat))
        fp = tf.reduce_sum((1 - y_true) * y_hat)
        self.tn.assign_add(tf.cast(tn, tf.float32))
        self.fp.assign_add(tf.cast(fp, tf.float32))

    def result(self):
        return self.tn / (self.tn + self.fp + keras.backend.epsilon())

    def reset_state(self):
        self.tn.assign(0.0)
        self.fp.assign(0.0)

X = np.random.randn(80, 6).astype("float32")
y = (X.sum(axis=1) > 0).astype("float32")
model = keras.Sequential([
    keras.layers.Input((6,)),
    keras.layers.Dense(8, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy", Specificity()])
model.fit(X, y, epochs=1, verbose=0)
print(model.evaluate(X, y, verbose=0, return_dict=True))
