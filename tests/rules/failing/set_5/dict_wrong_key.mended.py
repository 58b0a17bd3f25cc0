# Wrong: the dict handed to fit has the key "usr", the Input is called "user"
# Mend: {"user": users, "movie": movies}
import numpy as np
import pandas as pd
import keras
from keras import layers, ops

ratings = pd.DataFrame({
    "userId": np.random.randint(0, 10, 60),
    "movieId": np.random.randint(0, 20, 60),
    "rating": np.random.randint(1, 6, 60).astype("float32"),
})
users = ratings["userId"].to_numpy()
movies = ratings["movieId"].to_numpy()

u = keras.Input((1,), name="user")
m = keras.Input((1,), name="movie")
ue = layers.Flatten()(layers.Embedding(10, 6)(u))
me = layers.Flatten()(layers.Embedding(20, 6)(m))
dot = layers.Dot(axes=1)([ue, me])
model = keras.Model(inputs={"user": u, "movie": m}, outputs=dot)
model.compile(loss="mse", optimizer="adam")
model.fit({"user": users, "movie": movies}, ratings["rating"].to_numpy(),
          epochs=1, batch_size=20, verbose=0)
print("done")
