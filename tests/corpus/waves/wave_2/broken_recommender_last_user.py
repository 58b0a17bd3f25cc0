"""Film recommender with two embeddings.

Wrong: the user ids go from 1 to n_users, but the table has rows 0 .. n_users-1, so the last user has no row. On a CPU
the run dies somewhere in the first epoch with an InvalidArgumentError about indices (run() raises it).
Expected: token-out-of-range
Raises: InvalidArgumentError
"""
import keras
import numpy as np
import pandas as pd
from keras import layers


def ratings(n_users=150, n_films=90, n=6000):
    rng = np.random.default_rng(64)
    taste_u, taste_f = rng.normal(0, 0.7, (n_users + 1, 3)), rng.normal(0, 0.7, (n_films, 3))
    user = rng.integers(1, n_users + 1, n)
    film = rng.integers(0, n_films, n)
    score = 3.5 + (taste_u[user] * taste_f[film]).sum(1) + rng.normal(0, 0.4, n)
    return pd.DataFrame({"userId": user, "filmId": film, "rating": np.clip(np.round(score * 2) / 2, 0.5, 5)})


def run(callbacks):
    keras.utils.set_random_seed(64)
    df = ratings()
    n_users, n_films = df.userId.nunique(), df.filmId.nunique()

    user_in = layers.Input(shape=(1,), name="user", dtype="int32")
    film_in = layers.Input(shape=(1,), name="film", dtype="int32")
    u = layers.Flatten()(layers.Embedding(n_users, 8, name="user_table")(user_in))
    f = layers.Flatten()(layers.Embedding(n_films, 8, name="film_table")(film_in))
    h = layers.Dense(16, activation="relu")(layers.Concatenate()([u, f]))
    model = keras.Model([user_in, film_in], layers.Dense(1)(h))
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])

    df = df.sort_values("userId")      # the file is written user by user
    x = {"user": df.userId.to_numpy()[:, None], "film": df.filmId.to_numpy()[:, None]}
    model.fit(x, df.rating.to_numpy() - df.rating.mean(), batch_size=64, epochs=2, shuffle=False, callbacks=callbacks,
              verbose=0)
