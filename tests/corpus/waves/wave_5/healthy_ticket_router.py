"""Sends support tickets to one of eight teams; TF-IDF rows stay a scipy sparse matrix all the way."""
import keras
import numpy as np
from keras import layers
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

TEAMS = 8


def tickets(n=3000):
    rng = np.random.default_rng(103)
    letters = list("abcdefghijklmnoprstuvz")
    vocab = np.unique(["".join(rng.choice(letters, rng.integers(4, 9))) for _ in range(2500)])
    common = rng.dirichlet(np.full(len(vocab), 0.08))
    special = rng.dirichlet(np.full(len(vocab), 0.01), TEAMS)
    y = rng.choice(TEAMS, n, p=[0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.06, 0.04])
    texts = [" ".join(rng.choice(vocab, rng.integers(20, 50), p=0.75 * common + 0.25 * special[t])) for t in y]
    return texts, y


def run(callbacks):
    keras.utils.set_random_seed(3)
    texts, y = tickets()
    t_train, t_val, y_train, y_val = train_test_split(texts, y, test_size=0.2, stratify=y, random_state=0)
    tfidf = TfidfVectorizer(min_df=2, sublinear_tf=True)
    x_train = tfidf.fit_transform(t_train).astype("float32")
    x_val = tfidf.transform(t_val).astype("float32")

    model = keras.Sequential([
        keras.Input((x_train.shape[1],), sparse=True),
        layers.Dense(48, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(TEAMS, activation="softmax"),
    ])
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, batch_size=64, epochs=8, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
