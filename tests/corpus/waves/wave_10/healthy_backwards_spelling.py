"""Spell short codes backwards with an encoder, a decoder fed with the shifted answer, and attention."""
import keras
import numpy as np
from keras import layers

LETTERS = 10
START = LETTERS
LENGTH = 5


def codes(n, seed):
    rng = np.random.default_rng(seed)
    code = rng.integers(0, LETTERS, (n, LENGTH)).astype("int32")
    answer = code[:, ::-1].copy()
    fed = np.concatenate([np.full((n, 1), START, "int32"), answer[:, :-1]], axis=1)
    return {"code": code, "so_far": fed}, answer


class AddPlace(layers.Layer):
    """Adds a learned vector for each place in the code."""

    def build(self, input_shape):
        self.places = self.add_weight(shape=(1, *input_shape[1:]), initializer="random_normal", name="places")

    def call(self, vectors):
        return vectors + self.places


def build(width=64):
    code = keras.Input((LENGTH,), dtype="int32", name="code")
    so_far = keras.Input((LENGTH,), dtype="int32", name="so_far")
    letters = layers.Embedding(LETTERS + 1, 24, name="letters")
    source = AddPlace(name="source")(letters(code))
    states, last = layers.GRU(width, return_sequences=True, return_state=True, unroll=True, name="encoder")(source)
    answers = layers.GRU(width, return_sequences=True, unroll=True, name="decoder")(letters(so_far), initial_state=[last])
    looked_up = layers.Attention(name="look_up")([answers, states])
    h = layers.Concatenate(name="both")([answers, looked_up])
    h = layers.Dense(width, activation="relu", name="mix")(h)
    return keras.Model({"code": code, "so_far": so_far}, layers.Dense(LETTERS, activation="softmax", name="letter")(h))


def run(callbacks):
    keras.utils.set_random_seed(24)
    x, y = codes(5000, 1)
    x_val, y_val = codes(500, 2)
    model = build()
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=64, epochs=15, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
