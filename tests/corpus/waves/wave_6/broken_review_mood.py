"""Positive / negative shop reviews with a word tokenizer ported from an old notebook and a small embedding network.
Wrong: a second tokenizer is fitted on the test reviews, so the same word has another number in training and in validation;
training accuracy is perfect and validation accuracy is near a coin flip.
Expected: train-validation-skew, validation-at-chance
"""
import random
from collections import Counter

import keras
import numpy as np
from keras import layers
from keras.utils import pad_sequences

GOOD = "great sturdy lovely excellent fast reliable elegant comfy superb perfect neat bright handy smooth quiet".split()
BAD = "awful flimsy broken slow noisy ugly useless cheap rusty dim sticky fragile leaky late dull".split()
THINGS = ("lamp chair kettle radio phone table mixer jacket bottle camera printer mouse keyboard bag clock shoe "
          "pan fan brush tent").split()
FILLER = "the a it is was and very really quite so i think my this that for with bought last week again".split()


class Tokenizer:
    """What keras.preprocessing.text.Tokenizer used to do."""

    def __init__(self, num_words):
        self.num_words = num_words

    def fit_on_texts(self, texts):
        counts = Counter(w for t in texts for w in t.lower().split())
        self.word_index = {w: i + 1 for i, (w, _) in enumerate(counts.most_common(self.num_words - 1))}

    def texts_to_sequences(self, texts):
        return [[self.word_index[w] for w in t.lower().split() if w in self.word_index] for t in texts]


def reviews(n, seed):
    r = random.Random(seed)
    texts, labels = [], []
    for _ in range(n):
        y = r.randint(0, 1)
        words = r.choices(FILLER, k=r.randint(8, 18)) + r.choices(THINGS, k=2) + r.choices(GOOD if y else BAD, k=3)
        if r.random() < 0.3:
            words += r.choices(BAD if y else GOOD, k=1)
        r.shuffle(words)
        texts.append(" ".join(words))
        labels.append(y)
    return texts, np.array(labels)


def encode(texts):
    tok = Tokenizer(num_words=200)
    tok.fit_on_texts(texts)
    return pad_sequences(tok.texts_to_sequences(texts), maxlen=24)


def run(callbacks):
    keras.utils.set_random_seed(21)
    train_texts, y_train = reviews(1500, 1)
    test_texts, y_test = reviews(400, 2)
    x_train, x_test = encode(train_texts), encode(test_texts)

    model = keras.Sequential()
    model.add(layers.Embedding(200, 16))
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(16, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=12, validation_data=(x_test, y_test), verbose=2,
              callbacks=callbacks)
    return model
