"""Ordinal regression: pain grade 0-4 as four questions "is it worse than k?", with a shared score and cut points."""
import keras
import numpy as np
from keras import layers, ops

GRADES = 5


class CutPoints(layers.Layer):
    def build(self, shape):
        self.first = self.add_weight(shape=(1,), initializer=keras.initializers.Constant(-2.0), name="first")
        self.gaps = self.add_weight(shape=(GRADES - 2,), initializer="zeros", name="gaps")

    def call(self, score):
        cuts = ops.concatenate([self.first, self.first + ops.cumsum(ops.softplus(self.gaps))])
        return score - cuts


class OrdinalNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.h1, self.h2 = layers.Dense(32, activation="elu"), layers.Dense(16, activation="elu")
        self.score = layers.Dense(1, use_bias=False)
        self.cuts = CutPoints()

    def call(self, x):
        return self.cuts(self.score(self.h2(self.h1(x))))


@keras.saving.register_keras_serializable()
def grade_error(levels, logits):
    grade = ops.sum(ops.cast(logits > 0, "float32"), axis=1)
    return ops.abs(grade - ops.sum(levels, axis=1))


def patients(n=4000):
    rng = np.random.default_rng(112)
    x = rng.normal(size=(n, 8)).astype("float32")
    s = 1.5 * x[:, 0] - x[:, 1] + 0.8 * x[:, 2] * x[:, 3] + 0.6 * np.abs(x[:, 4]) + rng.logistic(0, 0.35, n)
    grade = np.digitize(s, [-1.5, 0.0, 1.5, 3.2])
    return x, grade


def run(callbacks):
    keras.utils.set_random_seed(12)
    x, grade = patients()
    levels = (grade[:, None] > np.arange(GRADES - 1)).astype("float32")
    model = OrdinalNet()
    model.compile(keras.optimizers.Nadam(3e-3), keras.losses.BinaryCrossentropy(from_logits=True),
                  metrics=[grade_error])
    hist = model.fit(x[:3200], levels[:3200], batch_size=32, epochs=12,
                     validation_data=(x[3200:], levels[3200:]), callbacks=callbacks, verbose=2)
    pred = (model.predict(x[3200:], verbose=0) > 0).sum(1)
    print("exact", (pred == grade[3200:]).mean(), "within one", (abs(pred - grade[3200:]) <= 1).mean())
    return hist
