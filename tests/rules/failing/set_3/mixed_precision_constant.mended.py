# Wrong: under mixed_float16 the layer's inputs are half but self.scale is a float32 constant
# Mend: return inputs * tf.cast(self.scale, inputs.dtype)
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.mixed_precision.set_global_policy("mixed_float16")

class ChannelScale(layers.Layer):
    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = tf.constant(scale, dtype=tf.float32)

    def call(self, inputs):
        return inputs * tf.cast(self.scale, inputs.dtype)

inputs = keras.Input((16, 16, 3))
x = ChannelScale([0.9, 1.0, 1.1])(inputs)
x = layers.Conv2D(4, 3, activation="relu")(x)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dense(3)(x)
outputs = layers.Activation("softmax", dtype="float32")(x)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy")

X = np.random.rand(12, 16, 16, 3).astype("float32")
y = np.random.randint(0, 3, 12)
model.fit(X, y, epochs=1, batch_size=4, verbose=0)
print("ok")
