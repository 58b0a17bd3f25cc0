# Wrong: the padding mask of shape (batch, time) is given as attention_mask, which must be (batch, query time, key time)
# Mend: attention_mask=mask[:, None, :]
import numpy as np
import keras
from keras import layers, ops

SEQ_LEN, DIM, VOCAB = 15, 16, 100


class EncoderBlock(layers.Layer):
    def __init__(self, dim, heads, **kwargs):
        super().__init__(**kwargs)
        self.att = layers.MultiHeadAttention(num_heads=heads, key_dim=dim // heads)
        self.norm = layers.LayerNormalization()
        self.ffn = layers.Dense(dim, activation="gelu")

    def call(self, x, mask):
        a = self.att(query=x, value=x, key=x, attention_mask=mask)
        x = self.norm(x + a)
        return self.norm(x + self.ffn(x))


class Classifier(keras.Model):
    def __init__(self):
        super().__init__()
        self.emb = layers.Embedding(VOCAB, DIM)
        self.enc = EncoderBlock(DIM, 2)
        self.pool = layers.GlobalAveragePooling1D()
        self.out = layers.Dense(4, activation="softmax")

    def call(self, inputs):
        mask = ops.not_equal(inputs, 0)
        x = self.enc(self.emb(inputs), mask=mask)
        return self.out(self.pool(x))


tokens = np.random.randint(0, VOCAB, (24, SEQ_LEN))
labels = np.random.randint(0, 4, 24)
model = Classifier()
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(tokens, labels, batch_size=8, epochs=1)
