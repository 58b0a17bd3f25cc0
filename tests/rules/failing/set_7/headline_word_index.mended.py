# Mended from headline_word_index.py
# Mend: vocab_size = len(word_index) + 1
import numpy as np
from keras import Sequential, Input
from keras.layers import Embedding, LSTM, Dense
from keras.utils import pad_sequences

headlines = [
    "stocks rally after rate cut", "team wins cup final", "rate cut lifts markets",
    "striker injured before final", "markets fall on weak data", "coach leaves team",
]
topics = np.array([0, 1, 0, 1, 0, 1])

words = sorted({w for h in headlines for w in h.split()})
word_index = {w: i for i, w in enumerate(words, start=1)}   # 0 is kept for padding
vocab_size = len(word_index) + 1

x = pad_sequences([[word_index[w] for w in h.split()] for h in headlines], maxlen=6, padding="post")

model = Sequential([
    Input(shape=(6,)),
    Embedding(vocab_size, 8, mask_zero=False),
    LSTM(8),
    Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(x, topics, batch_size=6, epochs=1, verbose=0)
print(model.predict(x, verbose=0).shape)
