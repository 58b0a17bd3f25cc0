"""Predict the stars that members of a wine club gave to bottles, with user and item embeddings.

Wrong: ratings run from 1 to 5 but the last layer is a sigmoid, which never leaves 0..1. With mean squared error every
prediction is pushed to 1 and the sigmoid saturates, so all bottles get the same score.

Expected: target-out-of-range, output-activation-mismatch, saturated-activation
"""
import numpy as np
import pandas as pd
import keras
from keras import layers

N_USERS, N_ITEMS = 300, 120


def load_ratings():
    rng = np.random.default_rng(8)
    taste = rng.normal(size=(N_USERS, 3))
    style = rng.normal(size=(N_ITEMS, 3))
    frame = pd.DataFrame({"user": rng.integers(0, N_USERS, 9000), "item": rng.integers(0, N_ITEMS, 9000)})
    frame = frame.drop_duplicates().reset_index(drop=True)
    affinity = (taste[frame.user] * style[frame.item]).sum(axis=1)
    frame["stars"] = np.clip(np.round(3.2 + 0.9 * affinity + rng.normal(0, 0.3, len(frame))), 1, 5)
    return frame


def build():
    user = keras.Input((1,), name="user", dtype="int32")
    item = keras.Input((1,), name="item", dtype="int32")
    u = layers.Flatten()(layers.Embedding(N_USERS, 8)(user))
    v = layers.Flatten()(layers.Embedding(N_ITEMS, 8)(item))
    hidden = layers.Concatenate()([u, v, layers.Multiply()([u, v])])
    hidden = layers.Dense(32, activation="relu")(hidden)
    stars = layers.Dense(1, activation="sigmoid", name="stars")(hidden)
    return keras.Model([user, item], stars)


def run(callbacks):
    keras.utils.set_random_seed(1)
    frame = load_ratings()
    test = frame.sample(frac=0.2, random_state=2)
    train = frame.drop(test.index).sample(frac=1.0, random_state=3)
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse", metrics=["mae"])

    def columns(part):
        return {"user": part.user.to_numpy()[:, None], "item": part["item"].to_numpy()[:, None]}

    return model.fit(columns(train), train.stars.to_numpy("float32"),
                     validation_data=(columns(test), test.stars.to_numpy("float32")),
                     batch_size=128, epochs=12, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_mae"])
