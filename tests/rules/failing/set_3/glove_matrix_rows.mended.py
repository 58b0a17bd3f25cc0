# Wrong: embedding_matrix has len(word_index) rows; the layer has len(word_index)+1
# Mend: embedding_matrix = np.zeros((vocab_size, EMB_DIM))
import numpy as np
import keras
from keras import layers

EMB_DIM = 10
word_index = {"the": 1, "cat": 2, "sat": 3, "on": 4, "mat": 5}
glove = {w: np.random.randn(EMB_DIM) for w in ["the", "cat", "on"]}

vocab_size = len(word_index) + 1
embedding_matrix = np.zeros((vocab_size, EMB_DIM))
for i, word in enumerate(word_index):
    vec = glove.get(word)
    if vec is not None:
        embedding_matrix[i] = vec

emb = layers.Embedding(vocab_size, EMB_DIM, trainable=False)
model = keras.Sequential([
    keras.Input(shape=(6,), dtype="int32"),
    emb,
    layers.Bidirectional(layers.LSTM(4)),
    layers.Dense(1, activation="sigmoid"),
])
emb.set_weights([embedding_matrix])
model.compile("adam", "binary_crossentropy")

X = np.random.randint(0, vocab_size, (12, 6))
y = np.random.randint(0, 2, 12)
model.fit(X, y, epochs=1, verbose=0)
print("ok")
