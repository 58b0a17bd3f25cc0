"""Four subjects of short posts, from a sparse tf-idf matrix that a generator turns into dense rows batch by batch (99 % zeros)."""
import numpy as np
import keras
from keras import layers
from sklearn.feature_extraction.text import TfidfVectorizer


def posts(n=3000, seed=55):
    rng = np.random.default_rng(seed)
    vocab = np.array([f"w{i:04d}" for i in range(1500)])
    zipf = 1.0 / np.arange(1, 1501) ** 0.8
    themes = []
    for _ in range(4):
        weight = zipf.copy()
        weight[rng.choice(1500, 120, replace=False)] *= 12
        themes.append(weight / weight.sum())
    subject = rng.integers(0, 4, n)
    texts = [" ".join(rng.choice(vocab, rng.integers(15, 40), p=themes[s])) for s in subject]
    return texts, subject


def rows(matrix, labels, batch, rng):
    while True:
        for chunk in np.array_split(rng.permutation(len(labels)), len(labels) // batch):
            yield matrix[chunk].toarray().astype("float32"), labels[chunk]


def run(callbacks):
    keras.utils.set_random_seed(20)
    texts, subject = posts()
    cut = 2400
    tfidf = TfidfVectorizer(min_df=2, sublinear_tf=True)
    train = tfidf.fit_transform(texts[:cut])
    valid = tfidf.transform(texts[cut:])

    model = keras.Sequential([
        keras.Input((train.shape[1],)),
        layers.Dense(64, activation="relu", kernel_initializer="he_uniform"),
        layers.Dropout(0.5),
        layers.Dense(4, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(rows(train, subject[:cut], 40, np.random.default_rng(3)), steps_per_epoch=60, epochs=7,
                     validation_data=(valid.toarray().astype("float32"), subject[cut:]), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
