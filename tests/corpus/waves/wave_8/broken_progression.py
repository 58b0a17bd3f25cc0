"""Disease progression from the diabetes table, with a train_step of one's own that adds noise to the inputs.

Wrong: ``pred`` has the shape (batch, 1) and ``y`` the shape (batch,). ``y - pred`` broadcasts to (batch, batch): each prediction is
compared with every patient of the batch. The best the net can do is the mean for all, so the loss stops at the variance of y.

Expected: target-shape-broadcast
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class NoisyRegressor(keras.Model):
    """Jitters the inputs while training; a cheap regulariser for small tables."""

    def __init__(self, jitter=0.1):
        super().__init__()
        self.jitter = jitter
        self.h1 = layers.Dense(32, activation="relu")
        self.h2 = layers.Dense(16, activation="relu")
        self.out = layers.Dense(1)
        self.loss_metric = keras.metrics.Mean(name="loss")

    def call(self, x):
        return self.out(self.h2(self.h1(x)))

    @property
    def metrics(self):
        return [self.loss_metric]

    def train_step(self, data):
        x, y = data
        x = x + tf.random.normal(tf.shape(x), stddev=self.jitter)
        with tf.GradientTape() as tape:
            pred = self(x, training=True)
            loss = tf.reduce_mean(tf.square(y - pred))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.loss_metric.update_state(loss)
        return {"loss": self.loss_metric.result()}

    def test_step(self, data):
        x, y = data
        self.loss_metric.update_state(tf.reduce_mean(tf.square(y - self(x, training=False))))
        return {"loss": self.loss_metric.result()}


def run(callbacks):
    keras.utils.set_random_seed(19)
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
    sx = StandardScaler().fit(X_train)
    mean, std = y_train.mean(), y_train.std()
    X_train, X_test = sx.transform(X_train).astype("float32"), sx.transform(X_test).astype("float32")
    y_train, y_test = ((y_train - mean) / std).astype("float32"), ((y_test - mean) / std).astype("float32")

    model = NoisyRegressor()
    model.compile(optimizer=keras.optimizers.Adam(2e-3))
    history = model.fit(X_train, y_train, validation_data=(X_test, y_test), batch_size=16, epochs=40,
                        callbacks=callbacks, verbose=2)
    print("std of the predictions:", np.std(model.predict(X_test, verbose=0)))
    return history


if __name__ == "__main__":
    run([])
