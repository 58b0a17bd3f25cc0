# Wrong: under mixed_float16 the layer's input is float16, but its position table is float32
# Mend: return x + tf.cast(self.table, x.dtype)
import numpy as np
import tensorflow as tf
import keras
from keras import layers

keras.mixed_precision.set_global_policy("mixed_float16")


class PositionalEncoding(layers.Layer):
    def __init__(self, length, depth, **kwargs):
        super().__init__(**kwargs)
        pos = np.arange(length)[:, None]
        rate = 1 / 10000 ** (np.arange(depth // 2)[None, :] / (depth // 2))
        angles = np.concatenate([np.sin(pos * rate), np.cos(pos * rate)], axis=-1)
        self.table = tf.constant(angles[None], dtype=tf.float32)

    def call(self, x):
        return x + tf.cast(self.table, x.dtype)


x_train = np.random.randint(0, 100, size=(32, 10))
y_train = np.random.randint(0, 4, size=(32,))

inp = keras.Input(shape=(10,))
h = layers.Embedding(100, 16)(inp)
h = PositionalEncoding(10, 16)(h)
h = layers.GlobalAveragePooling1D()(h)
out = layers.Dense(4, activation="softmax", dtype="float32")(h)
model = keras.Model(inp, out)
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x_train, y_train, epochs=1, verbose=0)
