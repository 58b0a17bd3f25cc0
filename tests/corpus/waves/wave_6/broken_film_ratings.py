"""Matrix factorisation for film ratings with user and film embeddings.
Wrong: the raw ids of the ratings file (users up to 9,000, films up to 40,000 with gaps) go straight into Embedding tables
that are sized by the number of DISTINCT ids, so most look-ups are outside the table.
Raises: InvalidArgumentError
Expected: token-out-of-range, program-error
"""
import keras
import numpy as np
import pandas as pd
from keras import layers

DIM = 8


def ratings(n_users=300, n_films=200, n=12000):
    rng = np.random.default_rng(77)
    user_ids = np.sort(rng.choice(np.arange(1, 9000), n_users, replace=False))
    film_ids = np.sort(rng.choice(np.arange(1, 40000), n_films, replace=False))
    pu, qf = rng.normal(0, 0.6, (n_users, 3)), rng.normal(0, 0.6, (n_films, 3))
    u, f = rng.integers(0, n_users, n), rng.integers(0, n_films, n)
    stars = 3.4 + (pu[u] * qf[f]).sum(1) + rng.normal(0, 0.3, n)
    return pd.DataFrame({"userId": user_ids[u], "movieId": film_ids[f],
                         "rating": (stars * 2).round().clip(1, 10) / 2})


class Factorizer(keras.Model):
    def __init__(self, n_users, n_films):
        super().__init__()
        reg = keras.regularizers.L2(1e-6)
        self.user = layers.Embedding(n_users, DIM, embeddings_regularizer=reg)
        self.film = layers.Embedding(n_films, DIM, embeddings_regularizer=reg)
        self.user_bias = layers.Embedding(n_users, 1)
        self.film_bias = layers.Embedding(n_films, 1)
        self.dot = layers.Dot(axes=1)

    def call(self, pair):
        u, f = pair[:, 0], pair[:, 1]
        return 3.4 + self.dot([self.user(u), self.film(f)]) + self.user_bias(u) + self.film_bias(f)


def run(callbacks):
    keras.utils.set_random_seed(5)
    df = ratings()
    train = df.sample(frac=0.85, random_state=1)
    val = df.drop(train.index)
    model = Factorizer(df.userId.nunique(), df.movieId.nunique())
    model.compile(keras.optimizers.Adam(5e-3), loss="mse", metrics=["mae"])
    cols = ["userId", "movieId"]
    model.fit(train[cols].to_numpy(), train["rating"].to_numpy(), batch_size=128, epochs=6, verbose=2,
              validation_data=(val[cols].to_numpy(), val["rating"].to_numpy()), callbacks=callbacks)
    return model
