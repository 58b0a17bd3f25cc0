# Wrong: token lists of different lengths are wrapped into an object array, never padded
# Mend: X = keras.utils.pad_sequences(sequences, maxlen=8)
import numpy as np
import keras
from keras import layers

reviews = ["great film", "what a terrible boring plot", "i loved it so much",
           "bad", "would watch again and again", "not my taste at all"]
labels = np.array([1, 0, 1, 0, 1, 0])

words = sorted({w for r in reviews for w in r.split()})
word_index = {w: i + 1 for i, w in enumerate(words)}
sequences = [[word_index[w] for w in r.split()] for r in reviews]

X = keras.utils.pad_sequences(sequences, maxlen=8)
print("samples:", X.shape)

model = keras.Sequential([
    layers.Embedding(len(word_index) + 1, 8, mask_zero=True),
    layers.LSTM(8),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(X, labels, epochs=2, batch_size=2, verbose=0)
print(model.predict(X, verbose=0).ravel().round(2))
