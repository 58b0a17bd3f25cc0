"""Disease progression (scikit-learn's diabetes data) with a custom train_step.

Wrong: y has the shape (batch,) and the prediction (batch, 1), and train_step computes their difference by hand; it broadcasts to a
(batch, batch) table of every prediction against every label, whose best answer is the mean for everyone. No error is raised.
Expected: target-shape-broadcast
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split


class Progression(keras.Model):
    def __init__(self, width=32):
        super().__init__()
        self.net = keras.Sequential([layers.Dense(width, activation="relu"), layers.Dense(width, activation="relu"),
                                     layers.Dense(1)])
        self.loss_tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_tracker]

    def call(self, x, training=False):
        return self.net(x, training=training)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            prediction = self(x, training=True)
            loss = tf.reduce_mean(tf.square(y - prediction))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def test_step(self, data):
        x, y = data
        self.loss_tracker.update_state(tf.reduce_mean(tf.square(y - self(x, training=False))))
        return {"loss": self.loss_tracker.result()}


def run(callbacks):
    keras.utils.set_random_seed(9)
    x, y = load_diabetes(return_X_y=True, scaled=True)
    x = (x * np.sqrt(len(x))).astype("float32")
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=4)
    mean, std = y_train.mean(), y_train.std()
    y_train, y_val = ((y_train - mean) / std).astype("float32"), ((y_val - mean) / std).astype("float32")
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(400, seed=1).batch(16)
    valid = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(16)
    model = Progression()
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    return model.fit(train, validation_data=valid, epochs=25, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
