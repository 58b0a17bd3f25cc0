"""Predict how a cook rates a recipe with user and recipe embeddings.

Wrong: the ids in the ratings table start at 1, while the embedding tables have
exactly as many rows as there are users and recipes, so the highest id of each
lies one row beyond its table. Training dies as soon as such an id comes by.

Raises: InvalidArgumentError
Expected: token-out-of-range, program-error
"""
import keras
import numpy as np
import pandas as pd
from keras import layers


def ratings(n_users=300, n_recipes=120, n=9000):
    rng = np.random.default_rng(8)
    taste = rng.normal(size=(n_users, 3))
    dish = rng.normal(size=(n_recipes, 3))
    u = rng.integers(0, n_users, n)
    r = rng.integers(0, n_recipes, n)
    stars = 3 + 0.6 * (taste[u] * dish[r]).sum(1) + 0.3 * rng.normal(size=n)
    return pd.DataFrame(
        {"user_id": u + 1, "recipe_id": r + 1, "stars": stars.clip(1, 5).round()}
    )


class Recommender(keras.Model):
    def __init__(self, n_users, n_recipes, mean, dim=8):
        super().__init__()
        self.users = layers.Embedding(n_users, dim)
        self.recipes = layers.Embedding(n_recipes, dim)
        self.user_bias = layers.Embedding(n_users, 1)
        self.recipe_bias = layers.Embedding(n_recipes, 1)
        self.mean = mean

    def call(self, inputs):
        u, r = inputs["user"], inputs["recipe"]
        match = keras.ops.sum(self.users(u) * self.recipes(r), -1, keepdims=True)
        return self.mean + match + self.user_bias(u) + self.recipe_bias(r)


def run(callbacks):
    keras.utils.set_random_seed(3)
    df = ratings()
    n_users = df["user_id"].nunique()
    n_recipes = df["recipe_id"].nunique()
    train = df.sample(frac=0.85, random_state=1)
    test = df.drop(train.index)

    def inputs(part):
        return {
            "user": part["user_id"].to_numpy("int32"),
            "recipe": part["recipe_id"].to_numpy("int32"),
        }

    model = Recommender(n_users, n_recipes, float(train["stars"].mean()))
    model.compile(keras.optimizers.Adam(5e-3), "mse", metrics=["mae"])
    return model.fit(
        inputs(train), train[["stars"]].to_numpy("float32"), batch_size=64, epochs=6,
        validation_data=(inputs(test), test[["stars"]].to_numpy("float32")),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
