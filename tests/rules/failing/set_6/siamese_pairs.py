# Wrong: the pairs are stacked in one array (n, 2, 20, 20, 1), the siamese model takes a list of two arrays
# Mend: model.fit([pairs[:, 0], pairs[:, 1]], same, ...)
import numpy as np
import keras
from keras import layers, ops

images = np.random.rand(40, 20, 20, 1).astype("float32")
digits = np.random.randint(0, 4, 40)


def make_pairs(x, y, n=64):
    pairs, targets = [], []
    for _ in range(n):
        i, j = np.random.choice(len(x), 2, replace=False)
        pairs.append([x[i], x[j]])
        targets.append(float(y[i] == y[j]))
    return np.array(pairs), np.array(targets)


pairs, same = make_pairs(images, digits)

tower = keras.Sequential(
    [
        keras.Input((20, 20, 1)),
        layers.Conv2D(4, 3, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(10, activation="tanh"),
    ]
)
left = keras.Input((20, 20, 1))
right = keras.Input((20, 20, 1))
dist = layers.Lambda(lambda v: ops.abs(v[0] - v[1]), output_shape=(10,))([tower(left), tower(right)])
score = layers.Dense(1, activation="sigmoid")(dist)
siamese = keras.Model([left, right], score)
siamese.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
siamese.fit(pairs, same, batch_size=16, epochs=1)
