import numpy as np
import keras
from keras import layers, ops


class TokenAndPosition(layers.Layer):
    def __init__(self, maxlen, vocab, dim):
        super().__init__()
        self.maxlen = maxlen
        self.token = layers.Embedding(vocab, dim)
        self.position = layers.Embedding(maxlen, dim)

    def call(self, x):
        positions = ops.arange(0, self.maxlen, 1)
        return self.token(x) + self.position(positions)


reviews = [list(np.random.randint(1, 200, n)) for n in (12, 40, 25, 31, 7, 18)]
stars = np.array([1, 0, 1, 1, 0, 0])
x_train = keras.utils.pad_sequences(reviews, maxlen=32, padding="post")

inputs = keras.Input(shape=(32,), dtype="int32")
x = TokenAndPosition(maxlen=32, vocab=200, dim=16)(inputs)
att = layers.MultiHeadAttention(num_heads=2, key_dim=8)(x, x)
x = layers.LayerNormalization(epsilon=1e-6)(x + att)
x = layers.GlobalAveragePooling1D()(x)
outputs = layers.Dense(2, activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(x_train, stars, epochs=1, verbose=0)
print(model.predict(x_train, verbose=0).shape)
