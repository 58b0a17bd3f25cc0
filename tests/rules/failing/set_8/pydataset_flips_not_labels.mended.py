import math
import numpy as np
import keras
from keras import layers


class FlippedXrays(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size, **kwargs):
        super().__init__(**kwargs)
        self.images, self.labels, self.batch_size = images, labels, batch_size

    def __len__(self):
        return math.ceil(len(self.images) / self.batch_size)

    def __getitem__(self, i):
        part = slice(i * self.batch_size, (i + 1) * self.batch_size)
        x, y = self.images[part], self.labels[part]
        x = np.concatenate([x, x[:, :, ::-1]])
        y = np.concatenate([y, y])
        return x, y


xrays = np.random.rand(24, 20, 20, 1).astype("float32")
healthy = np.random.randint(0, 2, (24, 1)).astype("float32")
train = FlippedXrays(xrays, healthy, batch_size=8)

model = keras.Sequential([
    keras.Input((20, 20, 1)),
    layers.Conv2D(8, 3, activation="relu"),
    layers.AveragePooling2D(3),
    layers.Flatten(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(train, epochs=1, verbose=0)
print("done")
