"""Matrix factorisation of film ratings (1 to 5 stars) as a subclassed model.

Wrong: the prediction goes through a sigmoid and can never be above 1, while the ratings run from 1 to 5. All outputs
saturate near 1 and the error stays at the distance between 1 and the mean rating.
Expected: target-out-of-range, output-activation-mismatch, saturated-activation
"""
import keras
import numpy as np
import pandas as pd
from keras import layers, ops


def ratings(n_users=400, n_movies=250, n=20000):
    rng = np.random.default_rng(17)
    u, m = rng.normal(0, 0.6, (n_users, 4)), rng.normal(0, 0.6, (n_movies, 4))
    bu, bm = rng.normal(0, 0.4, n_users), rng.normal(0, 0.5, n_movies)
    df = pd.DataFrame({"user": rng.integers(0, n_users, n), "movie": rng.integers(0, n_movies, n)})
    s = 3.6 + bu[df.user] + bm[df.movie] + (u[df.user] * m[df.movie]).sum(1) + rng.normal(0, 0.4, n)
    df["stars"] = np.clip(np.round(s * 2) / 2, 1, 5).astype("float32")
    return df.drop_duplicates(["user", "movie"]), n_users, n_movies


class Factors(keras.Model):
    def __init__(self, n_users, n_movies, dim=8):
        super().__init__()
        reg = keras.regularizers.L2(1e-6)
        self.user = layers.Embedding(n_users, dim, embeddings_regularizer=reg)
        self.movie = layers.Embedding(n_movies, dim, embeddings_regularizer=reg)
        self.user_bias = layers.Embedding(n_users, 1)
        self.movie_bias = layers.Embedding(n_movies, 1)

    def call(self, pairs):
        u, m = pairs[:, 0], pairs[:, 1]
        score = ops.sum(self.user(u) * self.movie(m), axis=1, keepdims=True)
        return ops.sigmoid(score + self.user_bias(u) + self.movie_bias(m))


def run(callbacks):
    keras.utils.set_random_seed(2)
    df, n_users, n_movies = ratings()
    df = df.sample(frac=1.0, random_state=0)
    pairs, stars = df[["user", "movie"]].to_numpy("int32"), df["stars"].to_numpy()
    cut = int(0.9 * len(df))
    model = Factors(n_users, n_movies)
    model.compile(keras.optimizers.Adam(5e-3), loss="mse", metrics=[keras.metrics.RootMeanSquaredError(name="rmse")])
    return model.fit(pairs[:cut], stars[:cut], batch_size=128, epochs=8, validation_data=(pairs[cut:], stars[cut:]),
                     callbacks=callbacks, verbose=2)
