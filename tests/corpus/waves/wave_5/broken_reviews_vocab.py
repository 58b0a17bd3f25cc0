"""Classifies short product reviews as good or bad with averaged word embeddings.

Wrong: the vectorizer is adapted a second time, on the validation texts, so the same word has another number there
than in training. Training goes well; validation stays near guessing.
Expected: train-validation-skew, validation-at-chance
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

SYLL = ["ba", "lo", "mi", "ter", "su", "ran", "ke", "vo", "dil", "pra", "gno", "fe"]


def word_list(rng, n):
    return ["".join(rng.choice(SYLL, rng.integers(2, 5))) for _ in range(n)]


def reviews(rng, n, words):
    filler, good, bad, things = words
    texts, labels = [], []
    for _ in range(n):
        y = int(rng.integers(2))
        main, other = (good, bad) if y else (bad, good)
        w = list(rng.choice(filler, rng.integers(6, 14))) + list(rng.choice(things, 2))
        w += list(rng.choice(main, rng.integers(2, 5)))
        if rng.random() < 0.3:
            w.append(rng.choice(other))
        rng.shuffle(w)
        texts.append(" ".join(w))
        labels.append(y)
    return np.array(texts), np.array(labels)


def to_ids(texts, max_words=1000, length=24):
    vectorizer = layers.TextVectorization(max_tokens=max_words, output_sequence_length=length)
    vectorizer.adapt(texts)
    return vectorizer(tf.constant(texts)).numpy()


def run(callbacks):
    keras.utils.set_random_seed(5)
    rng = np.random.default_rng(5)
    words = [word_list(rng, k) for k in (60, 70, 70, 80)]
    train_texts, y_train = reviews(rng, 3000, words)
    val_texts, y_val = reviews(rng, 800, words)

    x_train = to_ids(train_texts)
    x_val = to_ids(val_texts)

    model = keras.Sequential([
        keras.Input((24,), dtype="int64"),
        layers.Embedding(1000, 16, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, batch_size=32, epochs=12, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
