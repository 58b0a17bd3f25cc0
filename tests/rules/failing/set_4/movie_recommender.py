# Wrong: the dot product takes a user vector of 32 numbers and a movie vector of 50
# Mend: movie_vec = layers.Embedding(n_movies, 32)(movie)
import numpy as np
import pandas as pd
import keras
from keras import layers

ratings = pd.DataFrame({
    "user": np.random.randint(0, 30, 200),
    "movie": np.random.randint(0, 80, 200),
    "rating": np.random.randint(1, 6, 200).astype("float32"),
})
n_users, n_movies = 30, 80

user = keras.Input(shape=(1,), name="user")
movie = keras.Input(shape=(1,), name="movie")
user_vec = layers.Embedding(n_users, 32, name="user_embedding")(user)
movie_vec = layers.Embedding(n_movies, 50, name="movie_embedding")(movie)
user_vec = layers.Flatten()(user_vec)
movie_vec = layers.Flatten()(movie_vec)
score = layers.Dot(axes=1)([user_vec, movie_vec])

model = keras.Model([user, movie], score)
model.compile(optimizer="adam", loss="mse")
model.fit([ratings["user"].to_numpy(), ratings["movie"].to_numpy()],
          ratings["rating"].to_numpy(), batch_size=64, epochs=1, verbose=0)
