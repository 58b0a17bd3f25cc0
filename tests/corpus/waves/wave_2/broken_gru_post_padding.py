"""Sentiment of short reviews with an LSTM.

Wrong: reviews of 4-12 words are padded behind to 110 steps and the Embedding has no mask_zero, so the LSTM reads about
100 zeros after the words and its last state has forgotten the review. The loss stays at log(2).
In the author's words: padding of the input is not masked.
Expected: unmasked-padding, stalled-loss, constant-output
"""
import random

import keras
import numpy as np
from keras.utils import pad_sequences

GOOD = "great lovely brilliant funny moving superb charming delightful".split()
BAD = "awful boring dull terrible silly weak annoying messy".split()
FILL = "the film was a with and plot actors scene really quite very music story it in of ending".split()


def review(positive, rng):
    words = [rng.choice(FILL) for _ in range(rng.randint(3, 9))]
    for _ in range(rng.randint(1, 3)):
        words.insert(rng.randrange(len(words)), rng.choice(GOOD if positive else BAD))
    return words


def run(callbacks):
    rng = random.Random(5)
    keras.utils.set_random_seed(5)
    labels = [rng.randint(0, 1) for _ in range(800)]
    texts = [review(label, rng) for label in labels]
    vocabulary = {w: i + 1 for i, w in enumerate(sorted(set(GOOD + BAD + FILL)))}
    ids = [[vocabulary[w] for w in text] for text in texts]
    x = pad_sequences(ids, maxlen=110, padding="post", truncating="post")
    y = np.array(labels)

    model = keras.Sequential()
    model.add(keras.layers.Input(shape=(110,)))
    model.add(keras.layers.Embedding(len(vocabulary) + 1, 16))
    model.add(keras.layers.LSTM(16))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x, y, validation_split=0.2, epochs=4, batch_size=32, callbacks=callbacks, verbose=0)
