"""Grade olive oils from 1 to 5 by cumulative labels: four yes/no questions "better than grade k?", so grades keep their order."""
import keras
import numpy as np
from keras import layers, ops
from sklearn.model_selection import train_test_split

GRADES = 5


def oils(n=3000, seed=18):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (n, 9))
    quality = 1.2 * x[:, 0] - 0.9 * x[:, 1] + 0.7 * np.tanh(2 * x[:, 2]) + 0.5 * x[:, 3] * x[:, 4] + rng.normal(0, 0.3, n)
    grade = np.digitize(quality, np.quantile(quality, [0.15, 0.4, 0.7, 0.9]))
    return x.astype("float32"), grade


def cumulative(grade):
    return (grade[:, None] > np.arange(GRADES - 1)[None, :]).astype("float32")


def grade_error(y_true, y_pred):
    true = ops.sum(y_true, axis=-1)
    guess = ops.sum(ops.cast(y_pred > 0.5, "float32"), axis=-1)
    return ops.abs(true - guess)


class OrdinalHead(layers.Layer):
    """One score for all questions and an own threshold for each."""

    def __init__(self, questions, **kwargs):
        super().__init__(**kwargs)
        self.questions = questions

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 1), initializer="glorot_uniform", name="kernel")
        self.thresholds = self.add_weight(shape=(self.questions,), initializer="zeros", name="thresholds")

    def call(self, inputs):
        return ops.sigmoid(ops.matmul(inputs, self.kernel) - self.thresholds)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.questions)


def run(callbacks):
    keras.utils.set_random_seed(18)
    x, grade = oils()
    x_train, x_val, g_train, g_val = train_test_split(x, grade, test_size=0.2, random_state=18, stratify=grade)
    oil = keras.Input((9,), name="oil")
    h = layers.Dense(64, activation="tanh", name="h1")(oil)
    h = layers.Dense(32, activation="tanh", name="h2")(h)
    better = OrdinalHead(GRADES - 1, name="better_than")(h)
    model = keras.Model(oil, better)
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=[grade_error])
    model.fit(x_train, cumulative(g_train), batch_size=48, epochs=20, validation_data=(x_val, cumulative(g_val)),
              callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
