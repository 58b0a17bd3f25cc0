# Wrong: __getitem__ returns the labels as a plain Python list, taken as a structure of many outputs
# Mend: return batch_x, np.array(batch_y)
import math
import numpy as np
import keras
from keras import layers

class ImageSequence(keras.utils.PyDataset):
    def __init__(self, images, labels, batch_size, **kwargs):
        super().__init__(**kwargs)
        self.images, self.labels, self.batch_size = images, labels, batch_size

    def __len__(self):
        return math.ceil(len(self.images) / self.batch_size)

    def __getitem__(self, idx):
        lo = idx * self.batch_size
        hi = min(lo + self.batch_size, len(self.images))
        batch_x = np.stack([im / 255.0 for im in self.images[lo:hi]]).astype("float32")
        batch_y = [1 if name.startswith("dog") else 0 for name in self.labels[lo:hi]]
        return batch_x, batch_y

files = ["dog.%d.jpg" % i if i % 2 else "cat.%d.jpg" % i for i in range(20)]
images = [np.random.randint(0, 256, (24, 24, 3)) for _ in files]

model = keras.Sequential([
    keras.Input((24, 24, 3)),
    layers.Conv2D(4, 3, activation="relu"),
    layers.GlobalAveragePooling2D(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(ImageSequence(images, files, 5), epochs=1, verbose=0)
print("ok")
