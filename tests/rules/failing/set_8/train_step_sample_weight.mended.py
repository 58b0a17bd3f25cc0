import numpy as np
import tensorflow as tf
import keras
from keras import layers


class ClippedModel(keras.Model):
    def train_step(self, data):
        x, y, sample_weight = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        grads = tape.gradient(loss, self.trainable_variables)
        grads = [tf.clip_by_norm(g, 1.0) for g in grads]
        self.optimizer.apply(grads, self.trainable_variables)
        return {"loss": loss}


inp = keras.Input(shape=(5,))
h = layers.Dense(10, activation="elu")(inp)
h = layers.LayerNormalization()(h)
model = ClippedModel(inp, layers.Dense(1)(h))
model.compile(optimizer="adam", loss="mse")

X = np.random.randn(50, 5).astype("float32")
y = X.sum(axis=1, keepdims=True)
age = np.linspace(1.0, 0.1, 50)          # old measurements count less
model.fit(X, y, sample_weight=age, epochs=1, batch_size=25, verbose=0)
print("ok")
