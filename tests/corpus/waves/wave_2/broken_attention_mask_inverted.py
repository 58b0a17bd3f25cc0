"""Topic of a headline with an attention-pooling net.

Wrong: the attention mask comes from a PyTorch port, where True means "ignore this position". Keras' attention_mask
means the opposite, so the query looks at the padding only and never sees a word.
In the author's words: attention mask inverted.
Expected: stalled-loss, constant-output
"""
import keras
import numpy as np
from keras import layers, ops

TOPICS = [["goal", "match", "coach", "league", "injury", "cup"],
          ["shares", "bank", "profit", "market", "merger", "tax"],
          ["planet", "cells", "vaccine", "rocket", "fossil", "physics"]]
COMMON = ["the", "new", "after", "in", "for", "says", "big", "report", "over", "first", "on", "with"]
WORDS = {w: i + 1 for i, w in enumerate(COMMON + sum(TOPICS, []))}
LENGTH = 16


class AttentionPool(layers.Layer):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(num_heads=2, key_dim=width // 2)
        self.width = width

    def build(self, input_shape):
        self.query = self.add_weight(shape=(1, 1, self.width), initializer="random_normal", name="query")
        self.attention.build((None, 1, self.width), input_shape[0])

    def call(self, inputs):
        x, key_padding_mask = inputs
        q = ops.tile(self.query, (ops.shape(x)[0], 1, 1))
        return self.attention(q, x, attention_mask=key_padding_mask[:, None, :])[:, 0]


def run(callbacks):
    rng = np.random.default_rng(14)
    keras.utils.set_random_seed(14)
    y = rng.integers(0, 3, 1200)
    x = np.zeros((1200, LENGTH), "int32")
    for row, topic in zip(x, y):
        text = list(rng.choice(COMMON, rng.integers(3, 9))) + list(rng.choice(TOPICS[topic], 2))
        rng.shuffle(text)
        row[:len(text)] = [WORDS[w] for w in text]

    ids = keras.Input((LENGTH,), dtype="int32")
    emb = layers.Embedding(len(WORDS) + 1, 24)(ids)
    pooled = AttentionPool(24)([emb, ops.equal(ids, 0)])
    out = layers.Dense(3, activation="softmax")(layers.Dense(16, activation="relu")(pooled))
    model = keras.Model(ids, out)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:960], y[:960], batch_size=32, epochs=5, validation_data=(x[960:], y[960:]), callbacks=callbacks, verbose=0)
