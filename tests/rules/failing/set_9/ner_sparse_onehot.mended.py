# Wrong: one-hot tags (n, max_len, n_tags) with sparse_categorical_crossentropy
# Mend: drop the to_categorical line (integer tags)
import numpy as np
from keras.models import Sequential
from keras.layers import Input, Embedding, Bidirectional, LSTM, TimeDistributed, Dense
from keras.utils import pad_sequences, to_categorical

tags = ['O', 'B-geo', 'I-geo', 'B-per', 'I-per', 'B-org']
tag2idx = {t: i for i, t in enumerate(tags)}
sentences = [[("Thousands", "O"), ("marched", "O"), ("through", "O"), ("London", "B-geo")],
             [("Mr.", "B-per"), ("Blair", "I-per"), ("left", "O"), ("New", "B-geo"), ("York", "I-geo")],
             [("The", "O"), ("UN", "B-org"), ("said", "O")]] * 8
words = sorted({w for s in sentences for w, _ in s})
word2idx = {w: i + 1 for i, w in enumerate(words)}

max_len = 10
X = pad_sequences([[word2idx[w] for w, _ in s] for s in sentences], maxlen=max_len, padding='post')
y = pad_sequences([[tag2idx[t] for _, t in s] for s in sentences], maxlen=max_len, padding='post', value=tag2idx['O'])

model = Sequential()
model.add(Input(shape=(max_len,)))
model.add(Embedding(len(words) + 1, 20))
model.add(Bidirectional(LSTM(16, return_sequences=True, recurrent_dropout=0.1)))
model.add(TimeDistributed(Dense(len(tags), activation='softmax')))
model.compile(optimizer='rmsprop', loss='sparse_categorical_crossentropy', metrics=['accuracy'])
model.fit(X, y, batch_size=8, epochs=1, validation_split=0.1)
