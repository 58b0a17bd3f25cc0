"""Find the tip of a bird's beak (x, y) in small silhouettes, with random mirroring in a PyDataset.

Wrong: the augmentation mirrors the picture left-right but leaves the x coordinate of the key point as it was, so half of all
training targets point to the wrong side.

Expected: none-fits
"""
import numpy as np
import keras
from keras import layers


def silhouettes(n, seed):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:28, :28]
    images = np.zeros((n, 28, 28, 1), dtype="float32")
    tips = np.zeros((n, 2), dtype="float32")
    for i in range(n):
        cx, cy = rng.uniform(9, 19), rng.uniform(9, 19)
        side = rng.choice([-1, 1])
        length = rng.uniform(3.0, 5.5)
        body = ((xx - cx) / 4.0) ** 2 + ((yy - cy) / 3.2) ** 2 < 1
        tip_x = cx + side * (3.5 + length)
        rel = (xx - cx) * side
        beak = (rel > 2) & (rel < 3.5 + length) & (np.abs(yy - cy) < 0.5 + (3.5 + length - rel) * 0.25)
        images[i, ..., 0] = np.clip(0.9 * (body | beak) + rng.normal(0, 0.05, (28, 28)), 0, 1)
        tips[i] = [tip_x / 27.0, cy / 27.0]
    return images, tips


class Birds(keras.utils.PyDataset):
    def __init__(self, images, tips, batch_size=32, **kwargs):
        super().__init__(**kwargs)
        self.images, self.tips, self.batch_size = images, tips, batch_size
        self.rng = np.random.default_rng(0)
        self.order = self.rng.permutation(len(images))

    def __len__(self):
        return len(self.images) // self.batch_size

    def __getitem__(self, k):
        rows = self.order[k * self.batch_size:(k + 1) * self.batch_size]
        batch, tips = self.images[rows].copy(), self.tips[rows].copy()
        mirrored = self.rng.random(len(rows)) < 0.5
        batch[mirrored] = batch[mirrored][:, :, ::-1]
        return batch, tips

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.images))


def run(callbacks):
    keras.utils.set_random_seed(16)
    train = Birds(*silhouettes(1500, 1))
    valid = silhouettes(300, 2)
    model = keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Conv2D(12, 3, strides=2, activation="relu"),
        layers.Conv2D(24, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
        layers.Dense(2),
    ])
    model.compile(keras.optimizers.Adam(1e-3), "mse", metrics=["mae"])
    return model.fit(train, validation_data=valid, epochs=10, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_mae"])
