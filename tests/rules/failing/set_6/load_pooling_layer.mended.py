# Wrong: get_config of AttentionPool leaves out the constructor argument `units`, so load_model cannot rebuild the layer
# Mend: config.update({"units": self.units, "temperature": self.temperature})
import os
import tempfile
import numpy as np
import keras
from keras import layers, ops


@keras.saving.register_keras_serializable()
class AttentionPool(layers.Layer):
    def __init__(self, units, temperature=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.temperature = temperature
        self.score = layers.Dense(1)
        self.proj = layers.Dense(units, activation="tanh")

    def build(self, input_shape):
        self.proj.build(input_shape)
        self.score.build((*input_shape[:-1], self.units))

    def call(self, x):
        w = ops.softmax(self.score(self.proj(x)) / self.temperature, axis=1)
        return ops.sum(w * x, axis=1)

    def get_config(self):
        config = super().get_config()
        config.update({"units": self.units, "temperature": self.temperature})
        return config


inputs = keras.Input((None, 6))
x = layers.LSTM(8, return_sequences=True)(inputs)
x = AttentionPool(8)(x)
model = keras.Model(inputs, layers.Dense(1)(x))
model.compile("adam", "mse")
model.fit(np.random.rand(16, 5, 6), np.random.rand(16, 1), epochs=1, verbose=0)

path = os.path.join(tempfile.mkdtemp(), "attn.keras")
model.save(path)
restored = keras.models.load_model(path)
print(restored.predict(np.random.rand(2, 7, 6), verbose=0))
