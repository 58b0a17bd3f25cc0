"""Learns an embedding of digits with triplets; the margin loss is added inside the model and fit gets no labels."""
import numpy as np
import keras
from keras import layers, ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier


def triplets(x, y, count, seed):
    rng = np.random.default_rng(seed)
    rows = {c: np.flatnonzero(y == c) for c in range(10)}
    anchor = rng.integers(0, len(x), count)
    positive = np.array([rng.choice(rows[y[i]]) for i in anchor])
    negative = np.array([rng.choice(rows[(y[i] + rng.integers(1, 10)) % 10]) for i in anchor])
    return x[anchor], x[positive], x[negative]


class TripletMargin(layers.Layer):
    def __init__(self, margin=0.5):
        super().__init__()
        self.margin = margin

    def call(self, inputs):
        a, p, n = inputs
        near = ops.sum(ops.square(a - p), axis=-1)
        far = ops.sum(ops.square(a - n), axis=-1)
        loss = ops.mean(ops.maximum(near - far + self.margin, 0.0))
        self.add_loss(loss)
        return far - near


def run(callbacks):
    keras.utils.set_random_seed(11)
    digits = load_digits()
    x = (digits.data / 16.0).astype("float32")
    x_train, x_test, y_train, y_test = train_test_split(x, digits.target, test_size=0.3, random_state=0)
    tower = keras.Sequential([
        layers.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(16), layers.UnitNormalization()])
    a, p, n = (keras.Input((64,), name=name) for name in ("anchor", "positive", "negative"))
    model = keras.Model([a, p, n], TripletMargin()([tower(a), tower(p), tower(n)]))
    model.compile(optimizer=keras.optimizers.Adam(1e-3))
    history = model.fit(list(triplets(x_train, y_train, 6000, 1)), epochs=8, batch_size=50,
                        callbacks=callbacks, verbose=0)
    knn = KNeighborsClassifier(3).fit(tower.predict(x_train, verbose=0), y_train)
    print("3-nn accuracy", knn.score(tower.predict(x_test, verbose=0), y_test))
    return history


if __name__ == "__main__":
    print(run([]).history["loss"])
