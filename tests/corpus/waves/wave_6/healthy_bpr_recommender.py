"""Bayesian personalised ranking for implicit feedback; the model returns score(liked) - score(other), so all labels are 1."""
import keras
import numpy as np
from keras import layers

USERS, ITEMS, DIM = 250, 160, 12


def clicks(seed=8, per_user=24):
    rng = np.random.default_rng(seed)
    taste, kind = rng.normal(0, 1, (USERS, 3)), rng.normal(0, 1, (ITEMS, 3))
    score = 1.5 * taste @ kind.T + rng.gumbel(0, 0.7, (USERS, ITEMS))
    liked = np.argsort(-score, axis=1)[:, :per_user]
    for row in liked:
        rng.shuffle(row)
    return liked[:, :-4], liked[:, -4:], rng


def triples(liked, everything, rng, rounds):
    users = np.repeat(np.arange(USERS), liked.shape[1])
    pos = liked.ravel()
    known = [set(row) for row in everything]
    out = []
    for _ in range(rounds):
        neg = rng.integers(0, ITEMS, len(users))
        for i, u in enumerate(users):
            while neg[i] in known[u]:
                neg[i] = rng.integers(0, ITEMS)
        out.append(np.stack([users, pos, neg], 1))
    return np.concatenate(out).astype("int32")


class BPR(keras.Model):
    def __init__(self):
        super().__init__()
        l2 = keras.regularizers.L2(1e-5)
        self.user = layers.Embedding(USERS, DIM, embeddings_regularizer=l2)
        self.item = layers.Embedding(ITEMS, DIM, embeddings_regularizer=l2)
        self.bias = layers.Embedding(ITEMS, 1)

    def score(self, u, i):
        return keras.ops.sum(self.user(u) * self.item(i), axis=1, keepdims=True) + self.bias(i)

    def call(self, t):
        return self.score(t[:, 0], t[:, 1]) - self.score(t[:, 0], t[:, 2])


def run(callbacks):
    keras.utils.set_random_seed(8)
    liked, held_out, rng = clicks()
    everything = np.concatenate([liked, held_out], axis=1)
    train = triples(liked, everything, rng, rounds=3)
    val = triples(held_out, everything, rng, rounds=1)
    model = BPR()
    # log sigmoid of the difference = binary cross-entropy with every label equal to one
    model.compile(keras.optimizers.Adam(5e-3), keras.losses.BinaryCrossentropy(from_logits=True),
                  metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="ranked_right")])
    model.fit(train, np.ones((len(train), 1), "float32"), validation_data=(val, np.ones((len(val), 1), "float32")),
              batch_size=128, epochs=5, verbose=2, callbacks=callbacks)
    return model
