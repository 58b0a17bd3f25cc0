"""Finds the one parcel on a conveyor picture: a convnet regresses its box (centre x, centre y, width, height).
Wrong: the augmentation mirrors half of the pictures left-right but leaves the centre x of the box as it was, so for them the target is on the wrong side.
Expected: none-fits
"""
import numpy as np
import keras
from keras import layers

S = 40


def scene(rng):
    img = rng.normal(0.25, 0.06, (S, S)).astype("float32")
    img += np.linspace(0, 0.15, S, dtype="float32")[:, None]
    w, h = rng.integers(6, 15, 2)
    x0, y0 = rng.integers(0, S - w), rng.integers(0, S - h)
    img[y0:y0 + h, x0:x0 + w] = rng.uniform(0.7, 1.0) + rng.normal(0, 0.03, (h, w))
    box = np.array([(x0 + w / 2) / S, (y0 + h / 2) / S, w / S, h / S], "float32")
    return img[..., None], box


def scenes(n, seed):
    rng = np.random.default_rng(seed)
    imgs, boxes = zip(*(scene(rng) for _ in range(n)))
    return np.stack(imgs), np.stack(boxes)


class ParcelLoader(keras.utils.PyDataset):
    def __init__(self, images, boxes, batch, **kw):
        super().__init__(**kw)
        self.images, self.boxes, self.batch = images, boxes, batch
        self.rng = np.random.default_rng(0)
        self.order = self.rng.permutation(len(images))

    def __len__(self):
        return len(self.images) // self.batch

    def on_epoch_end(self):
        self.rng.shuffle(self.order)

    def __getitem__(self, i):
        take = self.order[i * self.batch:(i + 1) * self.batch]
        x, b = self.images[take].copy(), self.boxes[take].copy()
        flip = self.rng.random(len(x)) < 0.5
        x[flip] = x[flip, :, ::-1]                     # mirror
        x *= self.rng.uniform(0.9, 1.1, (len(x), 1, 1, 1)).astype("float32")   # light
        return x, b


def run(callbacks):
    keras.utils.set_random_seed(5)
    x, b = scenes(1600, 1)
    vx, vb = scenes(300, 2)
    net = keras.Sequential([
        keras.Input((S, S, 1)),
        layers.Conv2D(16, 3, strides=2, activation="relu", padding="same"),
        layers.Conv2D(24, 3, strides=2, activation="relu", padding="same"),
        layers.Conv2D(32, 3, strides=2, activation="relu", padding="same"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(4, activation="sigmoid"),
    ])
    net.compile(optimizer=keras.optimizers.Adam(1e-3), loss=keras.losses.Huber(0.1), metrics=["mae"])
    return net.fit(ParcelLoader(x, b, 32), validation_data=(vx, vb), epochs=9, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
