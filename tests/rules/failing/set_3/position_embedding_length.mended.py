# Wrong: the texts are padded to 60 but the position table was made for 50 tokens
# Mend: x_train = keras.utils.pad_sequences(x_train, maxlen=MAXLEN)
import numpy as np
import keras
from keras import layers, ops

VOCAB, MAXLEN, DIM = 100, 50, 16

class TokenAndPosition(layers.Layer):
    def __init__(self, maxlen, vocab, dim, **kw):
        super().__init__(**kw)
        self.tok = layers.Embedding(vocab, dim)
        self.pos = layers.Embedding(maxlen, dim)
        self.maxlen = maxlen

    def call(self, x):
        positions = ops.arange(0, self.maxlen, 1)
        return self.tok(x) + self.pos(positions)

rng = np.random.default_rng(0)
x_train = [rng.integers(1, VOCAB, rng.integers(20, 90)).tolist() for _ in range(32)]
y_train = rng.integers(0, 2, 32)
x_train = keras.utils.pad_sequences(x_train, maxlen=MAXLEN)

inp = keras.Input(shape=(None,), dtype="int32")
x = TokenAndPosition(MAXLEN, VOCAB, DIM)(inp)
att = layers.MultiHeadAttention(num_heads=2, key_dim=8)(x, x)
x = layers.LayerNormalization()(x + att)
x = layers.GlobalAveragePooling1D()(x)
out = layers.Dense(2, activation="softmax")(x)
model = keras.Model(inp, out)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=8, epochs=1, verbose=0)
print("finished")
