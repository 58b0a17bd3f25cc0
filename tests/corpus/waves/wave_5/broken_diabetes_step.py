"""Homework: regression on the diabetes table with a hand-written training step and a Huber-like loss.

Wrong: y has shape (batch,) and the prediction (batch, 1); their difference is a (batch, batch) table. Every
prediction is compared with every target, and the net ends at the mean for all patients.
Expected: target-shape-broadcast
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class Regressor(keras.Model):
    def __init__(self, units=32):
        super().__init__()
        self.hidden = [layers.Dense(units, activation="tanh"), layers.Dense(units // 2, activation="tanh")]
        self.out = layers.Dense(1)
        self.loss_tracker = keras.metrics.Mean(name="loss")

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.out(x)

    @property
    def metrics(self):
        return [self.loss_tracker]

    def error(self, y, pred):
        diff = y - pred
        return ops.mean(ops.sqrt(1.0 + ops.square(diff)) - 1.0)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.error(y, self(x, training=True))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def test_step(self, data):
        x, y = data
        self.loss_tracker.update_state(self.error(y, self(x, training=False)))
        return {"loss": self.loss_tracker.result()}


def run(callbacks):
    keras.utils.set_random_seed(60)
    x, y = load_diabetes(return_X_y=True)
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=1)
    scaler = StandardScaler().fit(x_train)
    mean, std = y_train.mean(), y_train.std()
    x_train, x_val = scaler.transform(x_train).astype("float32"), scaler.transform(x_val).astype("float32")
    y_train, y_val = ((y_train - mean) / std).astype("float32"), ((y_val - mean) / std).astype("float32")
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(400, seed=0).batch(16)
    val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(16)
    model = Regressor()
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    hist = model.fit(train, validation_data=val, epochs=30, callbacks=callbacks, verbose=2)
    pred = model.predict(x_val, verbose=0)[:, 0]
    print("R2", 1 - np.mean((pred - y_val) ** 2) / np.var(y_val), "spread of predictions", pred.std())
    return hist
