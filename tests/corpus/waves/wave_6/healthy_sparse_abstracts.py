"""Sorts abstracts by field from TF-IDF vectors; rows are 99 percent zeros and are made dense one batch at a time."""
import random

import keras
import numpy as np
from keras import layers
from sklearn.feature_extraction.text import TfidfVectorizer

FIELDS = ["optics", "botany", "law", "music", "geology"]


def word(r):
    return "".join(r.choice("bcdfglmnprstv") + r.choice("aeiou") for _ in range(r.randint(2, 4)))


def corpus(n, seed):
    r = random.Random(0)
    special = {f: [word(r) for _ in range(250)] for f in FIELDS}
    common = [word(r) for _ in range(1200)]
    r = random.Random(seed)
    y = [r.randrange(len(FIELDS)) for _ in range(n)]
    docs = [" ".join(r.choices(special[FIELDS[k]], k=r.randint(4, 10)) + r.choices(common, k=r.randint(20, 60)))
            for k in y]
    return docs, np.array(y)


class SparseBatches(keras.utils.PyDataset):
    def __init__(self, matrix, labels, batch_size, shuffle, **kwargs):
        super().__init__(**kwargs)
        self.matrix, self.labels, self.batch_size, self.shuffle = matrix, labels, batch_size, shuffle
        self.order = np.arange(matrix.shape[0])
        self.rng = np.random.default_rng(1)
        self.on_epoch_end()

    def __len__(self):
        return -(-self.matrix.shape[0] // self.batch_size)

    def __getitem__(self, i):
        rows = self.order[i * self.batch_size:(i + 1) * self.batch_size]
        return self.matrix[rows].toarray().astype("float32"), self.labels[rows]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.order)


def run(callbacks):
    keras.utils.set_random_seed(4)
    docs, y = corpus(1500, 1)
    val_docs, y_val = corpus(400, 2)
    vec = TfidfVectorizer(min_df=2, sublinear_tf=True)
    train = SparseBatches(vec.fit_transform(docs), y, 32, shuffle=True)
    val = SparseBatches(vec.transform(val_docs), y_val, 100, shuffle=False)
    model = keras.Sequential([
        keras.Input((len(vec.vocabulary_),)),
        layers.Dense(len(FIELDS), activation="softmax", kernel_regularizer=keras.regularizers.L2(1e-5)),
    ])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=val, epochs=8, verbose=2, callbacks=callbacks)
    return model
