# Wrong: load_model does not know the custom layer class 'Attention1D'
# Mend: m2 = keras.models.load_model(path, custom_objects={'Attention1D': Attention1D})
import os
import tempfile
import numpy as np
import keras
from keras import layers, ops

class Attention1D(layers.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], 1), initializer="glorot_uniform", name="w")

    def call(self, x):
        a = ops.softmax(ops.matmul(x, self.w), axis=1)
        return ops.sum(a * x, axis=1)

inp = keras.Input((12, 4))
h = layers.GRU(8, return_sequences=True)(inp)
h = Attention1D()(h)
out = layers.Dense(1, activation="sigmoid")(h)
model = keras.Model(inp, out)
model.compile("adam", "binary_crossentropy")

X = np.random.rand(20, 12, 4).astype("float32")
y = np.random.randint(0, 2, (20, 1))
model.fit(X, y, epochs=1, verbose=0)

path = os.path.join(tempfile.mkdtemp(), "attn.keras")
model.save(path)
m2 = keras.models.load_model(path, custom_objects={"Attention1D": Attention1D})
print(m2.predict(X[:2], verbose=0))
