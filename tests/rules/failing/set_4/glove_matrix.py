# Wrong: the word indices start at 1, so the Embedding has len(index) + 1 rows, but the matrix has len(index)
# Mend: matrix = np.zeros((len(word_index) + 1, DIM)) and matrix[word_index[word]] = vector
import numpy as np
import keras
from keras import layers

docs = ["well done", "good work", "great effort", "nice work", "weak",
        "poor effort", "not good", "poor work", "could have done better"]
y = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0], dtype="float32")

words = sorted({w for d in docs for w in d.split()})
word_index = {w: i for i, w in enumerate(words, start=1)}
seqs = [[word_index[w] for w in d.split()] for d in docs]
x = keras.utils.pad_sequences(seqs, maxlen=4, padding="post")

DIM = 20
glove = {w: np.random.normal(size=DIM) for w in words if w != "weak"}
matrix = np.zeros((len(word_index), DIM))
for word, vector in glove.items():
    matrix[word_index[word] - 1] = vector

model = keras.Sequential([
    keras.Input(shape=(4,)),
    layers.Embedding(len(word_index) + 1, DIM, weights=[matrix], trainable=False),
    layers.Flatten(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy")
model.fit(x, y, epochs=2, verbose=0)
