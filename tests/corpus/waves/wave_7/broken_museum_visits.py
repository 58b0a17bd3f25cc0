"""Recommend museum rooms: predicts from visitor id and room id whether a visitor stayed longer than two minutes.

Wrong: room ids run from 1 to 80 but the room embedding has 80 rows (0..79), so room 80 has no row; its look-up fails.

Raises: InvalidArgumentError
Expected: token-out-of-range, program-error
"""
import numpy as np
import pandas as pd
import keras
from keras import layers


def visits(n=8000, visitors=400, rooms=80):
    rng = np.random.default_rng(62)
    a = rng.normal(size=(visitors, 4))
    b = rng.normal(size=(rooms + 1, 4))
    table = pd.DataFrame({"visitor": rng.integers(0, visitors, n), "room": rng.integers(1, rooms + 1, n)})
    table = table[(table.room < rooms) | (np.arange(n) > n // 2)].reset_index(drop=True)
    liking = (a[table.visitor] * b[table.room]).sum(1)
    table["stayed"] = (rng.random(len(table)) < 1 / (1 + np.exp(-1.5 * liking))).astype("float32")
    return table


class TwoTower(keras.Model):
    def __init__(self, visitors, rooms, dim=8):
        super().__init__()
        self.visitor = layers.Embedding(visitors, dim)
        self.room = layers.Embedding(rooms, dim)
        self.room_bias = layers.Embedding(rooms, 1)

    def call(self, ids):
        v = self.visitor(ids[:, 0])
        r = self.room(ids[:, 1])
        score = keras.ops.sum(v * r, axis=-1, keepdims=True) + self.room_bias(ids[:, 1])
        return keras.ops.sigmoid(score)


def run(callbacks):
    keras.utils.set_random_seed(19)
    table = visits()
    n_visitors, n_rooms = table.visitor.nunique(), table.room.nunique()
    ids = table[["visitor", "room"]].to_numpy("int32")
    stayed = table.stayed.to_numpy()[:, None]
    cut = int(0.85 * len(ids))
    model = TwoTower(n_visitors, n_rooms)
    model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy"])
    return model.fit(ids[:cut], stayed[:cut], validation_data=(ids[cut:], stayed[cut:]), batch_size=64, epochs=8,
                     shuffle=False, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
