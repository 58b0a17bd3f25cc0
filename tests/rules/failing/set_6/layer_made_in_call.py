# Wrong: the residual block makes its Dense layer inside call, after the block is built
# Mend: make it in __init__: self.dense = layers.Dense(dim, ...), and use self.dense in call
import numpy as np
import keras
from keras import layers


class ResidualDense(layers.Layer):
    def __init__(self, dim, **kwargs):
        super().__init__(**kwargs)
        self.dim = dim

    def call(self, x):
        self.dense = layers.Dense(self.dim, activation="relu")
        return x + self.dense(x)


inputs = keras.Input((10,))
x = layers.Dense(8)(inputs)
x = ResidualDense(8)(x)
x = ResidualDense(8)(x)
outputs = layers.Dense(3, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

X = np.random.rand(30, 10).astype("float32")
Y = np.random.randint(0, 3, 30)
model.fit(X, Y, epochs=1, batch_size=10)
