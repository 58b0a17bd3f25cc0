# Wrong: the reviews have different lengths: an object array of lists
# Mend: x = keras.utils.pad_sequences(seqs, maxlen=6)
import numpy as np
import keras
from keras import layers

reviews = ["good film", "very bad", "i liked it a lot", "boring", "what a great movie", "no"]
labels = np.array([1, 0, 1, 0, 1, 0])

vocab = {}
seqs = []
for text in reviews:
    ids = []
    for w in text.split():
        ids.append(vocab.setdefault(w, len(vocab) + 1))
    seqs.append(ids)

x = np.array(seqs, dtype=object)

model = keras.Sequential([
    layers.Embedding(len(vocab) + 1, 8),
    layers.GlobalAveragePooling1D(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, labels, epochs=2, batch_size=2, verbose=0)
print("fit finished")
