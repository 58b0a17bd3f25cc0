# Wrong: y is int64 while the prediction is float32 in the hand-written loss of train_step
# Mend: y = tf.cast(y, tf.float32) (or float labels from the start)
import numpy as np
import tensorflow as tf
from tensorflow import keras

class MyModel(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = tf.reduce_mean(tf.square(y - y_pred))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        return {"loss": loss}

inputs = keras.Input(shape=(8,))
h = keras.layers.Dense(16, activation="relu")(inputs)
outputs = keras.layers.Dense(1)(h)
model = MyModel(inputs, outputs)
model.compile(optimizer="adam")

X = np.random.rand(64, 8).astype("float32")
ages = np.random.randint(18, 80, size=(64, 1)).astype("float32")
model.fit(X, ages, epochs=2, batch_size=16, verbose=0)
print("finished")
