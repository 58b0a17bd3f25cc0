# Wrong: one-hot characters (maxlen, vocab) go into an Embedding, whose output is then 4-D for the LSTM
# Mend: no one-hot for the Embedding: x[i, t] = char_indices[char] with x of shape (n, maxlen)
import numpy as np
from keras.models import Sequential
from keras.layers import Input, Embedding, LSTM, Dense

text = ("supposing that truth is a woman what then is there not ground for suspecting that all "
        "philosophers in so far as they have been dogmatists have failed to understand women")
chars = sorted(set(text))
char_indices = {c: i for i, c in enumerate(chars)}

maxlen, step = 20, 3
sentences, next_chars = [], []
for i in range(0, len(text) - maxlen, step):
    sentences.append(text[i:i + maxlen])
    next_chars.append(text[i + maxlen])

x = np.zeros((len(sentences), maxlen, len(chars)), dtype='int32')
y = np.zeros((len(sentences), len(chars)), dtype='float32')
for i, sentence in enumerate(sentences):
    for t, char in enumerate(sentence):
        x[i, t, char_indices[char]] = 1
    y[i, char_indices[next_chars[i]]] = 1

model = Sequential()
model.add(Input(shape=x.shape[1:]))
model.add(Embedding(len(chars), 32))
model.add(LSTM(64))
model.add(Dense(len(chars), activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer='rmsprop')
model.fit(x, y, batch_size=16, epochs=1)
