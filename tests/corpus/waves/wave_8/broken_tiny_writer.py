"""A tiny character-level transformer that learns to write kitchen recipes, one character after the other.

Wrong: the self-attention has no causal mask (``use_causal_mask`` is missing). When it predicts character t + 1, position t may look
straight at t + 1 in its own input, so the loss runs to nearly 0 and accuracy to nearly 1, and what it writes afterwards is rubbish.

Expected: target-in-input
"""
import keras
import numpy as np
from keras import layers, ops

LENGTH = 32


def cook_book(lines=1400, seed=31):
    rng = np.random.default_rng(seed)
    verbs = "stir chop bake boil grate fry whisk peel roast simmer knead toast".split()
    things = "onions carrots flour butter beans lentils rice apples garlic cream dough leeks figs".split()
    how = "slowly until golden,for ten minutes,with a little salt,in a hot pan,twice,over low heat,by hand".split(",")
    out = []
    for _ in range(lines):
        out.append(f"{rng.choice(verbs)} {rng.integers(2, 99)} g {rng.choice(things)} {rng.choice(how)}.")
    return " ".join(out)


class TokenAndPosition(layers.Layer):
    def __init__(self, vocab, dim, **kwargs):
        super().__init__(**kwargs)
        self.tokens = layers.Embedding(vocab, dim)
        self.positions = layers.Embedding(LENGTH, dim)

    def call(self, x):
        return self.tokens(x) + self.positions(ops.arange(LENGTH))


def block(x, heads, dim):
    a = layers.MultiHeadAttention(heads, dim // heads)(x, x)
    x = layers.LayerNormalization(epsilon=1e-6)(x + a)
    f = layers.Dense(2 * dim, activation="gelu")(x)
    f = layers.Dense(dim)(f)
    return layers.LayerNormalization(epsilon=1e-6)(x + f)


def run(callbacks):
    keras.utils.set_random_seed(13)
    text = cook_book()
    chars = sorted(set(text))
    ids = np.array([chars.index(c) for c in text], "int32")
    usable = (len(ids) - 1) // LENGTH * LENGTH
    X = ids[:usable].reshape(-1, LENGTH)
    Y = ids[1:usable + 1].reshape(-1, LENGTH)
    n = int(0.9 * len(X))

    inp = keras.Input((LENGTH,), dtype="int32")
    h = TokenAndPosition(len(chars), 48)(inp)
    for _ in range(2):
        h = block(h, heads=4, dim=48)
    model = keras.Model(inp, layers.Dense(len(chars))(h))
    model.compile(keras.optimizers.Adam(2e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    return model.fit(X[:n], Y[:n], validation_data=(X[n:], Y[n:]), batch_size=32, epochs=9, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
