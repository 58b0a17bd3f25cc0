"""Predict ratings of board games (half points from 1 to 10) by factors of players and games plus biases around the mean rating."""
import keras
import numpy as np
import pandas as pd
from keras import layers

PLAYERS, GAMES = 300, 160


def ratings(n=16000, seed=26):
    rng = np.random.default_rng(seed)
    taste = rng.normal(0, 1, (PLAYERS, 2))
    style = rng.normal(0, 1, (GAMES, 2))
    kind = rng.normal(0, 0.7, PLAYERS)
    good = rng.normal(0, 0.9, GAMES)
    frame = pd.DataFrame({"player": rng.integers(0, PLAYERS, n), "game": rng.integers(0, GAMES, n)}).drop_duplicates()
    p, g = frame.player.to_numpy(), frame.game.to_numpy()
    score = 6.6 + kind[p] + good[g] + 0.7 * (taste[p] * style[g]).sum(axis=1) + rng.normal(0, 0.5, len(frame))
    frame["rating"] = np.clip(np.round(score * 2) / 2, 1, 10)
    return frame


def run(callbacks):
    keras.utils.set_random_seed(26)
    frame = ratings()
    val = frame.sample(frac=0.15, random_state=1)
    train = frame.drop(val.index)
    mean = float(train.rating.mean())

    def arrays(part):
        return [part.player.to_numpy("int32"), part.game.to_numpy("int32")], part.rating.to_numpy("float32")

    player = keras.Input((), dtype="int32", name="player")
    game = keras.Input((), dtype="int32", name="game")
    small = keras.regularizers.L2(2e-5)
    p = layers.Embedding(PLAYERS, 6, embeddings_regularizer=small, name="player_factors")(player)
    g = layers.Embedding(GAMES, 6, embeddings_regularizer=small, name="game_factors")(game)
    p_bias = layers.Embedding(PLAYERS, 1, embeddings_initializer="zeros", name="player_bias")(player)
    g_bias = layers.Embedding(GAMES, 1, embeddings_initializer="zeros", name="game_bias")(game)
    match = layers.Dot(axes=1, name="match")([p, g])
    parts = layers.Add(name="parts")([match, p_bias, g_bias])
    rating = layers.Rescaling(1.0, offset=mean, name="rating")(parts)
    model = keras.Model([player, game], rating)
    model.compile(keras.optimizers.Adam(5e-3), "mse", metrics=[keras.metrics.RootMeanSquaredError(name="rmse")])
    x, y = arrays(train)
    model.fit(x, y, batch_size=64, epochs=12, validation_data=arrays(val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
