"""Matrix factorisation with a dot product and a table of 30,000 rows of which the sample touches few."""
import keras
import numpy as np
from keras import layers


def run(callbacks):
    rng = np.random.default_rng(70)
    keras.utils.set_random_seed(70)
    n_items, n_users = 30_000, 400
    popular = rng.choice(n_items, 300, replace=False)
    taste = rng.choice([-1.0, 1.0], n_users)
    genre = rng.choice([-1.0, 1.0], 300)
    user, slot = rng.integers(0, n_users, 9000), rng.integers(0, 300, 9000)
    liked = (rng.uniform(size=9000) < 1 / (1 + np.exp(-3 * taste[user] * genre[slot]))).astype("float32")
    item = popular[slot]

    user_in = keras.Input((1,), dtype="int32", name="user")
    item_in = keras.Input((1,), dtype="int32", name="item")
    u = layers.Flatten()(layers.Embedding(n_users, 6, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.3))(user_in))
    i = layers.Flatten()(layers.Embedding(n_items, 6, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.3))(item_in))
    score = layers.Dot(axes=1)([u, i])
    model = keras.Model([user_in, item_in], layers.Activation("sigmoid")(score))
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit([user[:7500], item[:7500]], liked[:7500], batch_size=128, epochs=4,
              validation_data=([user[7500:], item[7500:]], liked[7500:]), callbacks=callbacks, verbose=0)
