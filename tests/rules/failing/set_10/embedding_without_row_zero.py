# Wrong: the embedding matrix has len(word_index) + 1 rows, the Embedding layer was made with len(word_index)
# Mend: vocab_size = len(word_index) + 1
import numpy as np
import keras
from keras.models import Sequential
from keras.layers import Input, Embedding, Flatten, Dense

docs = ["well done", "good work", "great effort", "nice work", "excellent",
        "weak", "poor effort", "not good", "poor work", "could have done better"]
labels = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])

word_index = {}
for doc in docs:
    for word in doc.split():
        word_index.setdefault(word, len(word_index) + 1)
vocab_size = len(word_index)
sequences = [[word_index[w] for w in doc.split()] for doc in docs]
padded = keras.utils.pad_sequences(sequences, maxlen=4, padding="post")

rng = np.random.default_rng(0)
glove = {w: rng.normal(size=10) for w in word_index}
embedding_matrix = np.zeros((len(word_index) + 1, 10))
for word, i in word_index.items():
    vector = glove.get(word)
    if vector is not None:
        embedding_matrix[i] = vector

model = Sequential()
model.add(Input((4,)))
embedding = Embedding(vocab_size, 10, trainable=False)
model.add(embedding)
model.add(Flatten())
model.add(Dense(1, activation="sigmoid"))
embedding.set_weights([embedding_matrix])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(padded, labels, epochs=2, verbose=0)
print(model.evaluate(padded, labels, verbose=0))
