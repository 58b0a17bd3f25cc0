"""Ratings of board games: string ids looked up in the input pipeline, embeddings with biases, output squashed to 0.5 .. 10.5."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops


def ratings(players=400, games=150, n=20000, seed=9):
    rng = np.random.default_rng(seed)
    P, G = rng.normal(0, 0.8, (players, 3)), rng.normal(0, 0.8, (games, 3))
    bp, bg = rng.normal(0, 0.5, players), rng.normal(0, 0.9, games)
    p = rng.integers(0, players, n)
    g = np.minimum((rng.pareto(1.2, n) * 12).astype(int), games - 1)
    r = (6.7 + bp[p] + bg[g] + (P[p] * G[g]).sum(1) + rng.normal(0, 0.5, n)).round().clip(1, 10)
    return np.array([f"player-{i:04d}" for i in p]), np.array([f"game {i}" for i in g]), r.astype("float32")


class BiasedFactors(keras.Model):
    def __init__(self, n_players, n_games, dim=6):
        super().__init__()
        init, l2 = keras.initializers.RandomNormal(stddev=0.05), keras.regularizers.L2(1e-6)
        self.p = layers.Embedding(n_players, dim, embeddings_initializer=init, embeddings_regularizer=l2)
        self.g = layers.Embedding(n_games, dim, embeddings_initializer=init, embeddings_regularizer=l2)
        self.pb = layers.Embedding(n_players, 1, embeddings_initializer="zeros")
        self.gb = layers.Embedding(n_games, 1, embeddings_initializer="zeros")

    def call(self, pair):
        player, game = pair["player"], pair["game"]
        dot = ops.sum(self.p(player) * self.g(game), axis=-1, keepdims=True)
        return 0.5 + 10.0 * ops.sigmoid(dot + self.pb(player) + self.gb(game))


def run(callbacks):
    keras.utils.set_random_seed(41)
    player, game, stars = ratings()
    split = 17000
    look_p, look_g = layers.StringLookup(), layers.StringLookup()
    look_p.adapt(player[:split])
    look_g.adapt(game[:split])

    def to_ids(p, g, s):
        return {"player": look_p(p), "game": look_g(g)}, s[:, None]

    def dataset(sl, train):
        ds = tf.data.Dataset.from_tensor_slices((player[sl], game[sl], stars[sl]))
        if train:
            ds = ds.shuffle(split)
        ds = ds.batch(128)
        return ds.map(to_ids).prefetch(2)

    model = BiasedFactors(look_p.vocabulary_size(), look_g.vocabulary_size())
    model.compile(keras.optimizers.Adam(4e-3), loss="mse", metrics=[keras.metrics.RootMeanSquaredError(name="rmse")])
    return model.fit(dataset(slice(0, split), True), validation_data=dataset(slice(split, None), False), epochs=8,
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
