# Mended from reload_attention_pool.py
# Mend: def __init__(self, hidden, **kwargs): super().__init__(**kwargs)
import os
import tempfile
import numpy as np
import keras
from keras import layers, ops


class AttentionPool(layers.Layer):
    def __init__(self, hidden, **kwargs):
        super().__init__(**kwargs)
        self.hidden = hidden
        self.proj = layers.Dense(self.hidden, activation="tanh")
        self.score = layers.Dense(1)

    def call(self, x):
        a = ops.softmax(self.score(self.proj(x)), axis=1)
        return ops.sum(a * x, axis=1)

    def get_config(self):
        config = super().get_config()
        config.update({"hidden": self.hidden})
        return config


inp = keras.Input((12, 6))
out = layers.Dense(2, activation="softmax")(AttentionPool(8)(inp))
model = keras.Model(inp, out)
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(np.random.rand(20, 12, 6), np.random.randint(0, 2, 20), verbose=0)

path = os.path.join(tempfile.mkdtemp(), "pool.keras")
model.save(path)
again = keras.models.load_model(path, custom_objects={"AttentionPool": AttentionPool})
print(again.predict(np.random.rand(1, 12, 6), verbose=0))
