"""Fill in shopping baskets with an autoencoder: 98 per cent zero rows go in, the hidden item comes out.

The input is a multi-hot basket with one item taken away, the target is that item (softmax over the catalogue).
"""
import numpy as np
import scipy.sparse as sp
import keras
from keras import layers

ITEMS, THEMES = 250, 10


def baskets(n, seed):
    rng = np.random.default_rng(seed)
    shelf = np.random.default_rng(0).permutation(ITEMS).reshape(THEMES, -1)
    rows, cols, hidden = [], [], np.zeros(n, dtype="int32")
    for i in range(n):
        theme = shelf[rng.integers(THEMES)]
        popular = 1.0 / (1 + np.arange(len(theme)))
        chosen = rng.choice(theme, rng.integers(4, 7), replace=False, p=popular / popular.sum())
        hidden[i] = chosen[0]
        for c in chosen[1:]:
            rows.append(i)
            cols.append(c)
    matrix = sp.csr_matrix((np.ones(len(rows), dtype="float32"), (rows, cols)), shape=(n, ITEMS))
    return matrix, hidden


class BasketBatches(keras.utils.PyDataset):
    def __init__(self, matrix, hidden, batch_size, shuffle, **kwargs):
        super().__init__(**kwargs)
        self.matrix, self.hidden, self.batch_size, self.shuffle = matrix, hidden, batch_size, shuffle
        self.rng = np.random.default_rng(1)
        self.order = np.arange(len(hidden))
        self.on_epoch_end()

    def __len__(self):
        return int(np.ceil(len(self.hidden) / self.batch_size))

    def __getitem__(self, k):
        rows = self.order[k * self.batch_size:(k + 1) * self.batch_size]
        return self.matrix[rows].toarray(), self.hidden[rows]

    def on_epoch_end(self):
        if self.shuffle:
            self.rng.shuffle(self.order)


def run(callbacks):
    keras.utils.set_random_seed(4)
    train = BasketBatches(*baskets(5000, 1), batch_size=100, shuffle=True)
    valid = BasketBatches(*baskets(800, 2), batch_size=100, shuffle=False)
    model = keras.Sequential([
        layers.Input((ITEMS,)),
        layers.Dense(48, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(ITEMS, activation="softmax"),
    ])
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy",
                  metrics=[keras.metrics.SparseTopKCategoricalAccuracy(5, name="top5")])
    return model.fit(train, validation_data=valid, epochs=9, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_top5"])
