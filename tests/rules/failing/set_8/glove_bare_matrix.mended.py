import numpy as np
import keras

sentences = ["good film", "bad film", "very good acting", "very bad plot"]
words = sorted({w for s in sentences for w in s.split()})
index = {w: i + 1 for i, w in enumerate(words)}

# "GloVe"
glove = {w: np.random.randn(25) for w in words}
matrix = np.zeros((len(index) + 1, 25))
for word, i in index.items():
    matrix[i] = glove[word]

seqs = [[index[w] for w in s.split()] for s in sentences]
x = keras.utils.pad_sequences(seqs, maxlen=4)
y = np.array([1, 0, 1, 0])

embedding = keras.layers.Embedding(len(index) + 1, 25, mask_zero=True)
model = keras.Sequential([
    keras.Input((4,)),
    embedding,
    keras.layers.Bidirectional(keras.layers.LSTM(8)),
    keras.layers.Dense(1, activation="sigmoid"),
])
embedding.set_weights([matrix])
embedding.trainable = False
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, epochs=2, verbose=0)
print(model.evaluate(x, y, verbose=0))
