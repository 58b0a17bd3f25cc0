# Wrong: under mixed_float16 the custom layer multiplies float16 inputs with a float32 constant
# Mend: return tf.matmul(inputs, tf.cast(self.proj, inputs.dtype))
import numpy as np
import tensorflow as tf
import keras
from keras import layers

keras.mixed_precision.set_global_policy("mixed_float16")

class RandomProjection(layers.Layer):
    def __init__(self, dim, **kw):
        super().__init__(**kw)
        self.dim = dim

    def build(self, input_shape):
        self.proj = tf.constant(np.random.randn(input_shape[-1], self.dim), dtype=tf.float32)

    def call(self, inputs):
        return tf.matmul(inputs, tf.cast(self.proj, inputs.dtype))

inp = keras.Input((20,))
h = RandomProjection(6)(inp)
h = layers.Dense(8, activation="relu")(h)
out = layers.Dense(1, dtype="float32")(h)
model = keras.Model(inp, out)
model.compile(optimizer="adam", loss="mse")
model.fit(np.random.rand(16, 20), np.random.rand(16), verbose=0)
print("loss ok")
