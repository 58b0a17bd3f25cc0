# Wrong: the highest word id is equal to input_dim, ids must be below input_dim
# Mend: layers.Embedding(vocab_size + 1, 16)
import numpy as np
import keras
from keras import layers

words = ["the", "cat", "sat", "on", "mat", "dog", "ran"]
word_index = {w: i + 1 for i, w in enumerate(words)}   # 0 is for padding
vocab_size = len(word_index)

sentences = ["the cat sat on the mat", "the dog ran", "dog sat on cat", "the mat ran"]
X = [[word_index[w] for w in s.split()] for s in sentences]
X = keras.utils.pad_sequences(X, maxlen=8, padding="post")
y = np.array([0, 1, 0, 1])

model = keras.Sequential()
model.add(keras.Input(shape=(8,)))
model.add(layers.Embedding(vocab_size + 1, 16))
model.add(layers.Flatten())
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(X, y, epochs=2, verbose=0)
print(model.predict(X, verbose=0).round(2))
