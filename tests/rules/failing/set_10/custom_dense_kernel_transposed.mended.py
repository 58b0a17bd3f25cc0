import numpy as np
import keras
from keras import ops

class Linear(keras.layers.Layer):
    def __init__(self, units=32, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.use_bias = use_bias

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units),
                                 initializer="glorot_uniform", trainable=True)
        if self.use_bias:
            self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, inputs):
        x = ops.matmul(inputs, self.w)
        if self.use_bias:
            x = x + self.b
        return x

class MLPBlock(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.linear_1 = Linear(32)
        self.linear_2 = Linear(1)

    def call(self, inputs):
        return self.linear_2(ops.relu(self.linear_1(inputs)))

model = keras.Sequential([MLPBlock()])
model.compile("adam", "mae")
X = np.random.rand(30, 10).astype("float32")
y = X.sum(axis=1, keepdims=True)
model.fit(X, y, epochs=1, verbose=0)
print(model.predict(X[:2], verbose=0))
