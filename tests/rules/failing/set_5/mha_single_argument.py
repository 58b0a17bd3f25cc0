# Wrong: MultiHeadAttention is called with the query only, value is required
# Mend: a = layers.MultiHeadAttention(num_heads=2, key_dim=8)(x, x)
import numpy as np
import keras
from keras import layers

tokens = np.random.randint(0, 100, (24, 12))
target = np.random.randint(0, 4, 24)

inp = keras.Input((12,), dtype="int32")
x = layers.Embedding(100, 16)(inp)
a = layers.MultiHeadAttention(num_heads=2, key_dim=8)(x)
x = layers.LayerNormalization()(x + a)
f = layers.Dense(32, activation="gelu")(x)
f = layers.Dense(16)(f)
x = layers.LayerNormalization()(x + f)
x = layers.GlobalAveragePooling1D()(x)
out = layers.Dense(4, activation="softmax")(x)

transformer = keras.Model(inp, out)
transformer.compile("adam", "sparse_categorical_crossentropy")
transformer.fit(tokens, target, epochs=1, verbose=0)
print("fine")
