# Wrong: Keras 2 style add_weight('kernel', shape=...): the first positional argument is shape now
# Mend: self.kernel = self.add_weight(name='kernel', shape=..., ...) - likewise bias
import numpy as np
import keras
from keras import layers, ops

class Linear(layers.Layer):
    def __init__(self, units=32):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        self.kernel = self.add_weight("kernel", shape=(int(input_shape[-1]), self.units),
                                      initializer="random_normal", trainable=True)
        self.bias = self.add_weight("bias", shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs):
        return ops.matmul(inputs, self.kernel) + self.bias

model = keras.Sequential([
    Linear(16),
    layers.ReLU(),
    Linear(1),
])
X = np.random.rand(30, 9).astype("float32")
y = np.random.rand(30, 1).astype("float32")
model.compile("sgd", "mse")
model.fit(X, y, epochs=1, verbose=0)
print("ok")
