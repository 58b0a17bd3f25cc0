import numpy as np
import keras
from keras import layers

def batch_generator(images, meta, labels, batch_size=8):
    n = len(images)
    while True:
        order = np.random.permutation(n)
        for start in range(0, n - batch_size + 1, batch_size):
            idx = order[start:start + batch_size]
            image_batch = images[idx].astype("float32") / 255.0
            meta_batch = meta[idx]
            label_batch = labels[idx]
            yield (image_batch, meta_batch), label_batch

images = np.random.randint(0, 255, (40, 16, 16, 3))
meta = np.random.rand(40, 5).astype("float32")
labels = np.random.randint(0, 2, (40, 1)).astype("float32")

image_in = layers.Input(shape=(16, 16, 3), name="image")
meta_in = layers.Input(shape=(5,), name="meta")
a = layers.Conv2D(6, 3, activation="relu")(image_in)
a = layers.GlobalAveragePooling2D()(a)
b = layers.Dense(6, activation="relu")(meta_in)
z = layers.Concatenate()([a, b])
out = layers.Dense(1, activation="sigmoid")(z)
model = keras.Model(inputs=[image_in, meta_in], outputs=out)
model.compile(loss="binary_crossentropy", optimizer="adam")

model.fit(batch_generator(images, meta, labels), steps_per_epoch=3, epochs=1, verbose=0)
print("trained")
