"""Matrix factorisation of film ratings with user and film embeddings.

Wrong: the ids in the ratings file start at 1 and run up to the number of users (films), but the tables are made with
``Embedding(n_users, ...)`` and so have rows 0 .. n_users - 1. The user with the highest id has no row.

Raises: InvalidArgumentError
Expected: token-out-of-range, program-error
"""
import keras
import numpy as np
import pandas as pd
from keras import layers


def load_ratings(users=300, films=120, n=12000, seed=2):
    rng = np.random.default_rng(seed)
    taste, style = rng.normal(0, 0.7, (users, 4)), rng.normal(0, 0.7, (films, 4))
    mood, fame = rng.normal(0, 0.3, users), rng.normal(0, 0.4, films)
    u, f = rng.integers(0, users, n), rng.integers(0, films, n)
    stars = 3.4 + mood[u] + fame[f] + (taste[u] * style[f]).sum(1) + rng.normal(0, 0.4, n)
    return pd.DataFrame({"userId": u + 1, "movieId": f + 1, "rating": (2 * stars).round().clip(1, 10) / 2})


def run(callbacks):
    keras.utils.set_random_seed(10)
    ratings = load_ratings().drop_duplicates(["userId", "movieId"], keep="last")
    n_users = ratings.userId.nunique()
    n_movies = ratings.movieId.nunique()
    shuffled = ratings.sample(frac=1.0, random_state=0)
    split = int(0.85 * len(shuffled))
    train, test = shuffled[:split], shuffled[split:]

    user_in = keras.Input((1,), name="user", dtype="int32")
    movie_in = keras.Input((1,), name="movie", dtype="int32")
    reg = keras.regularizers.L2(1e-5)
    u = layers.Flatten()(layers.Embedding(n_users, 8, embeddings_regularizer=reg)(user_in))
    m = layers.Flatten()(layers.Embedding(n_movies, 8, embeddings_regularizer=reg)(movie_in))
    ub = layers.Flatten()(layers.Embedding(n_users, 1)(user_in))
    mb = layers.Flatten()(layers.Embedding(n_movies, 1)(movie_in))
    score = layers.Add()([layers.Dot(axes=1)([u, m]), ub, mb])
    model = keras.Model([user_in, movie_in], layers.Rescaling(1.0, offset=float(train.rating.mean()))(score))
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="mse", metrics=["mae"])
    return model.fit(
        [train.userId.to_numpy(), train.movieId.to_numpy()], train.rating.to_numpy("float32"),
        validation_data=([test.userId.to_numpy(), test.movieId.to_numpy()], test.rating.to_numpy("float32")),
        batch_size=64, epochs=6, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
