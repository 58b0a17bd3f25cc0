# Wrong: the reviews are padded to 80 tokens but the position embedding is made for 64 positions
# Mend: pad_sequences(..., maxlen=MAXLEN)
import numpy as np
import keras
from keras import layers, ops

MAXLEN = 64
VOCAB = 500


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, dim):
        super().__init__()
        self.token_emb = layers.Embedding(vocab_size, dim)
        self.pos_emb = layers.Embedding(maxlen, dim)
        self.maxlen = maxlen

    def call(self, x):
        positions = self.pos_emb(ops.arange(self.maxlen))
        return self.token_emb(x) + positions


reviews = [list(np.random.randint(1, VOCAB, np.random.randint(10, 100))) for _ in range(32)]
x_train = keras.utils.pad_sequences(reviews, maxlen=MAXLEN)
y_train = np.random.randint(0, 2, 32)

model = keras.Sequential(
    [
        TokenAndPositionEmbedding(MAXLEN, VOCAB, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dropout(0.1),
        layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=8, epochs=1)
