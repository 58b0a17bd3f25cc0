# Wrong: attention_mask is the padding mask (batch, 12); MultiHeadAttention wants (batch, query steps, key steps)
# Mend: mask = ops.expand_dims(ops.not_equal(tokens, 0), axis=1)
import numpy as np
import keras
from keras import layers, ops

vocab, maxlen = 200, 12
x_train = np.random.randint(1, vocab, size=(64, maxlen))
for row, n in zip(x_train, np.random.randint(4, maxlen, size=64)):
    row[n:] = 0
y_train = np.random.randint(0, 2, size=(64, 1))

tokens = keras.Input(shape=(maxlen,), dtype="int32")
mask = ops.expand_dims(ops.not_equal(tokens, 0), axis=1)
x = layers.Embedding(vocab, 32)(tokens)
attended = layers.MultiHeadAttention(num_heads=2, key_dim=16)(
    x, x, attention_mask=mask
)
x = layers.LayerNormalization()(x + attended)
x = layers.GlobalAveragePooling1D()(x)
out = layers.Dense(1, activation="sigmoid")(x)

model = keras.Model(tokens, out)
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=16, epochs=1, verbose=0)
