"""Jester-like recommender: jokes rated from -10 to 10, users and jokes as embeddings, plain linear output."""
import numpy as np
import pandas as pd
import keras
from keras import layers


def ratings(n_users=300, n_jokes=80, n=14000, seed=17):
    rng = np.random.default_rng(seed)
    u_vec, j_vec = rng.normal(0, 1, (n_users, 2)), rng.normal(0, 1, (n_jokes, 2))
    u_mood, j_fun = rng.normal(0, 1.5, n_users), rng.normal(0.6, 2.0, n_jokes)
    u, j = rng.integers(0, n_users, n), rng.integers(0, n_jokes, n)
    score = u_mood[u] + j_fun[j] + 2.0 * (u_vec[u] * j_vec[j]).sum(1) + rng.normal(0, 1.0, n)
    df = pd.DataFrame({"user": u, "joke": j, "score": score.clip(-10, 10).round(2)})
    return df.drop_duplicates(["user", "joke"]).reset_index(drop=True)


def build(n_users, n_jokes, dim=6):
    user = keras.Input((), dtype="int32", name="user")
    joke = keras.Input((), dtype="int32", name="joke")
    u = layers.Embedding(n_users, dim, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.3))(user)
    j = layers.Embedding(n_jokes, dim, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.3))(joke)
    taste = layers.Dot(axes=-1)([u, j])
    out = layers.Add()([taste, layers.Embedding(n_users, 1)(user), layers.Embedding(n_jokes, 1)(joke)])
    return keras.Model({"user": user, "joke": joke}, out)


def run(callbacks):
    keras.utils.set_random_seed(17)
    df = ratings()
    val = df.sample(frac=0.15, random_state=1)
    train = df.drop(val.index)

    def feed(part):
        return {"user": part.user.to_numpy("int32"), "joke": part.joke.to_numpy("int32")}

    model = build(300, 80)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="mse",
                  metrics=[keras.metrics.RootMeanSquaredError(name="rmse")])
    hist = model.fit(feed(train), train.score.to_numpy("float32")[:, None],
                     validation_data=(feed(val), val.score.to_numpy("float32")[:, None]),
                     epochs=7, batch_size=128, callbacks=callbacks, verbose=0)
    print("spread of the scores:", round(val.score.std(), 2), "rmse:", round(hist.history["val_rmse"][-1], 2))
    return hist


if __name__ == "__main__":
    run([])
