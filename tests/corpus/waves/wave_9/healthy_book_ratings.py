"""Book recommender: a factorisation with user and book biases, ratings from 0.5 to 5 predicted as mean plus deviations."""
import numpy as np
import pandas as pd
import keras
from keras import layers, regularizers, ops


def ratings(n=24000, users=300, books=200, seed=37):
    rng = np.random.default_rng(seed)
    u_vec, b_vec = rng.normal(0, 0.7, (users, 3)), rng.normal(0, 0.7, (books, 3))
    u_bias, b_bias = rng.normal(0, 0.4, users), rng.normal(0, 0.5, books)
    u = rng.integers(0, users, n)
    b = rng.integers(0, books, n)
    raw = 3.4 + u_bias[u] + b_bias[b] + (u_vec[u] * b_vec[b]).sum(1) + rng.normal(0, 0.25, n)
    frame = pd.DataFrame({"user": 90_000 + 7 * u, "isbn": [f"978-{v * 31:07d}" for v in b],
                          "stars": (np.round(raw * 2) / 2).clip(0.5, 5)})
    return frame.drop_duplicates(["user", "isbn"])


class Factors(keras.Model):
    def __init__(self, users, books, mean, size=6):
        super().__init__()
        l2 = regularizers.L2(1e-6)
        self.u, self.b = layers.Embedding(users, size, embeddings_regularizer=l2), layers.Embedding(books, size, embeddings_regularizer=l2)
        self.u_bias = layers.Embedding(users, 1, embeddings_initializer="zeros")
        self.b_bias = layers.Embedding(books, 1, embeddings_initializer="zeros")
        self.mean = mean

    def call(self, pairs):
        user, book = pairs[:, 0], pairs[:, 1]
        agreement = ops.sum(self.u(user) * self.b(book), axis=-1, keepdims=True)
        return self.mean + self.u_bias(user) + self.b_bias(book) + agreement


def run(callbacks):
    keras.utils.set_random_seed(38)
    frame = ratings().sample(frac=1.0, random_state=1)
    user, user_names = pd.factorize(frame.user)
    book, book_names = pd.factorize(frame.isbn)
    pairs = np.stack([user, book], 1).astype("int32")
    stars = frame.stars.to_numpy("float32")[:, None]
    cut = int(0.85 * len(pairs))
    model = Factors(len(user_names), len(book_names), float(stars[:cut].mean()))
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=[keras.metrics.RootMeanSquaredError(name="rmse")])
    return model.fit(pairs[:cut], stars[:cut], batch_size=128, epochs=8, validation_data=(pairs[cut:], stars[cut:]),
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
