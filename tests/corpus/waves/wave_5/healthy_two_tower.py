"""Recommends articles from clicks alone: two towers, new random negatives in every epoch, logits and AUC."""
import math

import keras
import numpy as np
from keras import layers

USERS, ITEMS = 500, 300


def clicks():
    rng = np.random.default_rng(106)
    taste = rng.dirichlet(np.full(6, 0.25), USERS)
    topic = rng.integers(0, 6, ITEMS)
    popular = rng.gamma(1.5, 1.0, ITEMS)
    pairs = []
    for u in range(USERS):
        p = popular * taste[u][topic]
        items = rng.choice(ITEMS, 24, replace=False, p=(p + 1e-3) / (p + 1e-3).sum())
        pairs += [(u, i) for i in items]
    pairs = np.array(pairs, "int32")
    rng.shuffle(pairs)
    return pairs[:-2000], pairs[-2000:]


class WithNegatives(keras.utils.PyDataset):
    def __init__(self, positives, known, per_positive=3, batch_size=128, fixed=False, **kwargs):
        super().__init__(**kwargs)
        self.positives, self.known, self.k = positives, known, per_positive
        self.batch_size, self.fixed, self.rng = batch_size, fixed, np.random.default_rng(0)
        self.draw()

    def draw(self):
        users = np.repeat(self.positives[:, 0], self.k)
        items = self.rng.integers(0, ITEMS, len(users))
        ok = np.array([(u, i) not in self.known for u, i in zip(users, items)])
        self.user = np.r_[self.positives[:, 0], users[ok]].astype("int32")[:, None]
        self.item = np.r_[self.positives[:, 1], items[ok]].astype("int32")[:, None]
        self.label = np.r_[np.ones(len(self.positives)), np.zeros(ok.sum())].astype("float32")[:, None]
        self.order = self.rng.permutation(len(self.label))

    def on_epoch_end(self):
        if not self.fixed:
            self.draw()

    def __len__(self):
        return math.floor(len(self.positives) * self.k / self.batch_size)

    def __getitem__(self, i):
        rows = self.order[i * self.batch_size:(i + 1) * self.batch_size]
        return {"user": self.user[rows], "item": self.item[rows]}, self.label[rows]


def run(callbacks):
    keras.utils.set_random_seed(6)
    train, held_out = clicks()
    known = {tuple(p) for p in np.concatenate([train, held_out]).tolist()}
    user, item = keras.Input((1,), name="user", dtype="int32"), keras.Input((1,), name="item", dtype="int32")
    u = layers.Flatten()(layers.Embedding(USERS, 12, embeddings_regularizer=keras.regularizers.L2(1e-5))(user))
    v = layers.Flatten()(layers.Embedding(ITEMS, 12, embeddings_regularizer=keras.regularizers.L2(1e-5))(item))
    bias = layers.Flatten()(layers.Embedding(ITEMS, 1)(item))
    logit = layers.Add()([layers.Dot(axes=1)([u, v]), bias])
    model = keras.Model({"user": user, "item": item}, logit)
    model.compile(keras.optimizers.Adam(4e-3), keras.losses.BinaryCrossentropy(from_logits=True),
                  metrics=[keras.metrics.AUC(from_logits=True, name="auc")])
    return model.fit(WithNegatives(train, known), validation_data=WithNegatives(held_out, known, fixed=True),
                     epochs=8, callbacks=callbacks, verbose=2)
