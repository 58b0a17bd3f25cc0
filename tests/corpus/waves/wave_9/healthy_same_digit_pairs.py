"""Siamese net on the 8 x 8 digits: are two images the same digit? Contrastive loss on the distance of two embeddings."""
import numpy as np
import keras
from keras import layers, ops
from sklearn.datasets import load_digits

MARGIN = 1.0


class Pairs(keras.utils.PyDataset):
    def __init__(self, x, y, batch, steps, seed, fixed=False, **kwargs):
        super().__init__(**kwargs)
        self.x, self.batch, self.steps, self.seed, self.fixed = x, batch, steps, seed, fixed
        self.groups = [np.flatnonzero(y == k) for k in range(10)]
        self.round = 0

    def __len__(self):
        return self.steps

    def __getitem__(self, i):
        rng = np.random.default_rng([self.seed, i, 0 if self.fixed else self.round])
        same = rng.permutation(np.arange(self.batch) % 2)
        left, right = [], []
        for s in same:
            a = int(rng.integers(10))
            b = a if s else (a + int(rng.integers(1, 10))) % 10
            left.append(rng.choice(self.groups[a]))
            right.append(rng.choice(self.groups[b]))
        return (self.x[left], self.x[right]), same.astype("float32")[:, None]

    def on_epoch_end(self):
        self.round += 1


def contrastive(same, distance):
    return ops.mean(same * ops.square(distance) + (1 - same) * ops.square(ops.maximum(MARGIN - distance, 0.0)))


def same_accuracy(same, distance):
    return ops.mean(ops.cast(ops.equal(same > 0.5, distance < MARGIN / 2), "float32"))


def run(callbacks):
    keras.utils.set_random_seed(11)
    data = load_digits()
    x = (data.images / 16.0).astype("float32")[..., None]
    order = np.random.permutation(len(x))
    x, y = x[order], data.target[order]

    tower = keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(24, 3, activation="relu"),
        layers.Conv2D(24, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(16),
    ], name="tower")
    a, b = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    gap = layers.Lambda(lambda t: ops.sqrt(ops.sum(ops.square(t[0] - t[1]), axis=1, keepdims=True) + 1e-7))([tower(a), tower(b)])
    model = keras.Model([a, b], gap)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=contrastive, metrics=[same_accuracy])
    return model.fit(Pairs(x[:1400], y[:1400], 48, 60, 1), epochs=8, validation_data=Pairs(x[1400:], y[1400:], 48, 10, 2, fixed=True),
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
