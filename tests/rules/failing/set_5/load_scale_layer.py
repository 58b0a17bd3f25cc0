# Wrong: load_model does not know the custom layer
# Mend: model2 = keras.models.load_model(path, custom_objects={"Scale": Scale})
import os
import tempfile
import numpy as np
import keras
from keras import layers

class Scale(layers.Layer):
    def build(self, input_shape):
        self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="gamma")

    def call(self, x):
        return x * self.gamma

model = keras.Sequential([keras.Input((3,)), Scale(), layers.Dense(2)])
model.compile("adam", "mse")
X = np.random.rand(12, 3)
model.fit(X, np.random.rand(12, 2), verbose=0)

path = os.path.join(tempfile.gettempdir(), "scale_f3.keras")
model.save(path)
model2 = keras.models.load_model(path)
print(np.allclose(model.predict(X, verbose=0), model2.predict(X, verbose=0)))
