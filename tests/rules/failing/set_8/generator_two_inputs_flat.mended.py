import numpy as np
import keras
from keras import layers

n_users, n_items = 30, 50
users = np.random.randint(0, n_users, 400)
items = np.random.randint(0, n_items, 400)
ratings = np.random.randint(1, 6, 400).astype("float32")


def batches(size=40):
    while True:
        rows = np.random.choice(len(ratings), size, replace=False)
        yield (users[rows], items[rows]), ratings[rows]


user_in = keras.Input((1,), name="user")
item_in = keras.Input((1,), name="item")
u = layers.Flatten()(layers.Embedding(n_users, 8)(user_in))
v = layers.Flatten()(layers.Embedding(n_items, 8)(item_in))
score = layers.Dot(axes=1)([u, v])
recommender = keras.Model([user_in, item_in], score)

recommender.compile(optimizer=keras.optimizers.Adagrad(0.1), loss="mse")
recommender.fit(batches(), steps_per_epoch=5, epochs=1, verbose=0)
print("rmse", recommender.evaluate([users, items], ratings, verbose=0) ** 0.5)
