# Wrong: attention_mask of shape (batch, heads, seq) does not fit the (batch, T, S) scores
# Mend: mask = ops.expand_dims(ops.not_equal(tokens, 0), 1)
import numpy as np
import keras
from keras import layers, ops

class EncoderBlock(layers.Layer):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.mha = layers.MultiHeadAttention(num_heads=heads, key_dim=dim // heads)
        self.norm = layers.LayerNormalization()

    def call(self, x, mask):
        return self.norm(x + self.mha(x, x, attention_mask=mask))

class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.emb = layers.Embedding(50, 16)
        self.block = EncoderBlock(16, 4)
        self.pool = layers.GlobalAveragePooling1D()
        self.out = layers.Dense(1, activation="sigmoid")

    def call(self, tokens):
        mask = ops.expand_dims(ops.not_equal(tokens, 0), 1)
        mask = ops.repeat(mask, self.block.heads, axis=1)  # one per head
        return self.out(self.pool(self.block(self.emb(tokens), mask)))

X = np.random.randint(1, 50, (16, 10))
X[:, 7:] = 0
y = np.random.randint(0, 2, (16, 1))
model = Classifier()
model.compile("adam", "binary_crossentropy")
model.fit(X, y, epochs=1, batch_size=8, verbose=0)
print("ok")
