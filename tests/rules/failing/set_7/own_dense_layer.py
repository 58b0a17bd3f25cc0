# Wrong: the kernel is made as (units, features), so inputs (batch, features) cannot be multiplied with it
# Mend: shape=(input_shape[-1], self.units)
import numpy as np
import keras
from keras import ops


class ScaledLinear(keras.layers.Layer):
    def __init__(self, units, scale=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.scale = scale

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(self.units, input_shape[-1]),
            initializer="glorot_uniform",
            name="w",
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", name="b")

    def call(self, inputs):
        return self.scale * ops.matmul(inputs, self.w) + self.b


model = keras.Sequential([
    keras.Input((10,)),
    ScaledLinear(24, scale=0.5),
    keras.layers.Activation("relu"),
    ScaledLinear(1),
])
model.compile("sgd", "mse")
model.fit(np.random.rand(30, 10), np.random.rand(30, 1), verbose=0)
model.summary()
