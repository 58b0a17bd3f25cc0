# Mended from reviews_unpadded.py
# Mend: X = keras.utils.pad_sequences(sequences, maxlen=8)
import numpy as np
import keras
from keras.layers import Dense, Embedding, GlobalAveragePooling1D, Input

reviews = [
    "a great film", "boring and far too long", "i loved every minute of it",
    "awful", "the actors were great", "do not watch this film", "great great great", "too long",
]
sentiment = np.array([1, 0, 1, 0, 1, 0, 1, 0])

vocab = {}
for r in reviews:
    for w in r.split():
        vocab.setdefault(w, len(vocab) + 1)
sequences = [[vocab[w] for w in r.split()] for r in reviews]
X = keras.utils.pad_sequences(sequences, maxlen=8)

model = keras.Sequential()
model.add(Input(shape=(None,)))
model.add(Embedding(len(vocab) + 1, 16))
model.add(GlobalAveragePooling1D())
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(X, sentiment, epochs=2, batch_size=4, verbose=0)
print(model.evaluate(X, sentiment, verbose=0))
