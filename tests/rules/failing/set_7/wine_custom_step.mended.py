# Mended from wine_custom_step.py
# Mend: y = tf.cast(y, y_pred.dtype) before the loss
import numpy as np
import tensorflow as tf
import keras
from keras import layers


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
        return {"loss": loss}


inp = keras.Input(shape=(11,))
out = layers.Dense(1)(layers.Dense(16, activation="relu")(inp))
model = WeightedRegressor(inp, out)
model.compile(optimizer=keras.optimizers.Adam(1e-3))

wine = np.random.rand(64, 11).astype("float32")
quality = np.random.randint(3, 9, size=(64, 1))
history = model.fit(wine, quality, epochs=2, batch_size=16, verbose=0)
print(history.history)
