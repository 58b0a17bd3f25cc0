"""An encoder-decoder writes made-up words backwards and doubles the vowels."""
import keras
import numpy as np
from keras import layers

ALPHABET = "abdeiklmorstu"
PAD, START, END = 0, 1, 2
CODE = {c: i + 3 for i, c in enumerate(ALPHABET)}
TOKENS = len(ALPHABET) + 3
LONGEST_IN, LONGEST_OUT = 5, 11


def rule(word):
    return "".join(c * 2 if c in "aeiou" else c for c in reversed(word))


def pairs(n, seed):
    rng = np.random.default_rng(seed)
    source = np.zeros((n, LONGEST_IN), "int32")
    fed = np.zeros((n, LONGEST_OUT + 1), "int32")
    wanted = np.zeros((n, LONGEST_OUT + 1), "int32")
    for i in range(n):
        word = "".join(rng.choice(list(ALPHABET), rng.integers(2, LONGEST_IN + 1)))
        out = [CODE[c] for c in rule(word)]
        source[i, : len(word)] = [CODE[c] for c in word]
        fed[i, : len(out) + 1] = [START] + out
        wanted[i, : len(out) + 1] = out + [END]
    return (source, fed), wanted


def run(callbacks):
    keras.utils.set_random_seed(50)
    x, y = pairs(5000, 1)
    x_val, y_val = pairs(500, 2)
    source = keras.Input((LONGEST_IN,), dtype="int32")
    fed = keras.Input((LONGEST_OUT + 1,), dtype="int32")
    letters = layers.Embedding(TOKENS, 24, mask_zero=True)
    _, state = layers.GRU(64, return_state=True)(letters(source))
    h = layers.GRU(64, return_sequences=True)(letters(fed), initial_state=state)
    out = layers.Dense(TOKENS, activation="softmax")(h)
    model = keras.Model([source, fed], out)
    model.compile(
        keras.optimizers.Adam(6e-3, clipnorm=1.0), "sparse_categorical_crossentropy",
        weighted_metrics=["accuracy"],  # weighted: padding does not count
    )
    return model.fit(
        x, y, batch_size=64, epochs=7, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
