# Wrong: the frame's column holds Python lists of different lengths (never padded), .values is an object array
# Mend: X = keras.utils.pad_sequences(df['tokens'], maxlen=12)
import numpy as np
import pandas as pd
import keras
from keras import layers

tweets = ["my flight was cancelled again", "great crew and a smooth landing thank you",
          "lost my bag", "two hours on the tarmac and no water", "love the new seats",
          "worst service ever never again", "thanks for the upgrade", "still waiting for a refund"] * 6
labels = [0, 1, 0, 0, 1, 0, 1, 0] * 6
df = pd.DataFrame({'text': tweets, 'airline_sentiment': labels})

vocab = {}
def encode(text):
    return [vocab.setdefault(w, len(vocab) + 1) for w in text.lower().split()]

df['tokens'] = df['text'].apply(encode)

X = df['tokens'].values
y = df['airline_sentiment'].values

model = keras.Sequential([
    layers.Embedding(len(vocab) + 1, 16, mask_zero=True),
    layers.LSTM(16),
    layers.Dense(1, activation='sigmoid'),
])
model.compile('adam', 'binary_crossentropy', metrics=['accuracy'])
model.fit(X, y, epochs=2, batch_size=8)
