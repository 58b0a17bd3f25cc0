"""Matrix factorisation of book ratings with user and book embeddings.
Wrong: the book numbers come from a shop catalogue and have gaps (up to about 9,000), but the embedding has only as many rows as there are different books; numbers beyond it have no row.
Raises: InvalidArgumentError
Expected: token-out-of-range, program-error
"""
import numpy as np
import pandas as pd
import keras
from keras import layers


def ratings(n=9000, seed=3):
    rng = np.random.default_rng(seed)
    catalogue = np.sort(rng.choice(9000, 350, replace=False))
    taste, style = rng.normal(0, 1, (200, 3)), rng.normal(0, 1, (350, 3))
    user = rng.integers(0, 200, n)
    book = rng.integers(0, 350, n)
    score = 3.2 + 0.6 * (taste[user] * style[book]).sum(1) + rng.normal(0, 0.4, n)
    return pd.DataFrame({"user_id": user, "book_id": catalogue[book], "rating": score.clip(1, 5).round()})


class Factors(keras.Model):
    def __init__(self, n_users, n_books, dim=8):
        super().__init__()
        reg = keras.regularizers.L2(1e-6)
        self.user = layers.Embedding(n_users, dim, embeddings_regularizer=reg)
        self.user_bias = layers.Embedding(n_users, 1)
        self.book = layers.Embedding(n_books, dim, embeddings_regularizer=reg)
        self.book_bias = layers.Embedding(n_books, 1)

    def call(self, pair):
        u, b = pair[:, 0], pair[:, 1]
        dot = keras.ops.sum(self.user(u) * self.book(b), axis=1, keepdims=True)
        return dot + self.user_bias(u) + self.book_bias(b)


def run(callbacks):
    keras.utils.set_random_seed(3)
    df = ratings()
    pairs = df[["user_id", "book_id"]].to_numpy("int32")
    mean = df.rating.mean()
    y = (df.rating - mean).to_numpy("float32")
    model = Factors(df.user_id.nunique(), df.book_id.nunique())
    model.compile(optimizer=keras.optimizers.Adam(5e-3), loss="mse",
                  metrics=[keras.metrics.RootMeanSquaredError()])
    return model.fit(pairs, y, validation_split=0.1, epochs=8, batch_size=64, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
