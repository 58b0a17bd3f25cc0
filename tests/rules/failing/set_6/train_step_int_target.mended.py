# Wrong: the targets are int64 and are subtracted from float32 predictions in train_step
# Mend: y = tf.cast(y, y_pred.dtype) before tf.square(y - y_pred)
import numpy as np
import tensorflow as tf
import keras
from keras import layers

loss_tracker = keras.metrics.Mean(name="loss")


class WeightedRegressor(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            y = tf.cast(y, y_pred.dtype)
            err = tf.square(y - y_pred)
            loss = tf.reduce_mean(err)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        loss_tracker.update_state(loss)
        return {"loss": loss_tracker.result()}


inputs = keras.Input((6,))
x = layers.Dense(16, activation="relu")(inputs)
outputs = layers.Dense(1)(x)
model = WeightedRegressor(inputs, outputs)
model.compile(optimizer="adam")

features = np.random.rand(50, 6)
ages = np.random.randint(18, 80, size=(50, 1))
model.fit(features, ages, epochs=2, batch_size=10)
