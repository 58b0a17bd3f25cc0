"""Support tickets as TF-IDF rows: nearly all entries are 0, the others are small, and many columns are rare words."""
import random

import keras
import numpy as np
from keras import layers
from sklearn.feature_extraction.text import TfidfVectorizer

QUEUES = {
    "billing": "invoice refund charge card payment receipt price discount".split(),
    "login": "password account locked email code token reset sign".split(),
    "shipping": "parcel late courier address delivery tracking box damaged".split(),
}


def run(callbacks):
    rnd = random.Random(1)
    keras.utils.set_random_seed(1)
    noise = ["w%03d" % i for i in range(900)]
    texts, labels = [], []
    for _ in range(1300):
        label = rnd.randrange(3)
        words = rnd.choices(list(QUEUES.values())[label], k=rnd.randint(2, 5)) + rnd.choices(noise, k=rnd.randint(6, 18))
        rnd.shuffle(words)
        texts.append(" ".join(words))
        labels.append(label)
    y = np.array(labels)
    vectorizer = TfidfVectorizer().fit(texts[:1000])
    x = vectorizer.transform(texts)              # scipy CSR, Keras takes it as it is
    model = keras.Sequential([
        layers.Input((x.shape[1],), sparse=True),
        layers.Dense(24, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:1000], y[:1000], batch_size=32, epochs=6, validation_data=(x[1000:], y[1000:]), callbacks=callbacks,
              verbose=0)
