"""Word tagging with masks: sentences of 4-10 words padded to 24, mask_zero leaves the padding out of the loss."""
import keras
import numpy as np
from keras import layers


def run(callbacks):
    rng = np.random.default_rng(44)
    keras.utils.set_random_seed(44)
    n, length = 1500, 24
    words, tags = np.zeros((n, length), "int32"), np.zeros((n, length), "int32")
    for i in range(n):
        k = rng.integers(4, 11)
        w = rng.integers(1, 41, k)
        words[i, :k] = w
        kind = w % 4                                  # article, noun, verb, other
        kind[1:][(kind[1:] == 2) & (kind[:-1] == 0)] = 1   # after an article, a verb is a noun
        tags[i, :k] = kind
    model = keras.Sequential([
        keras.Input((length,)),
        layers.Embedding(41, 16, mask_zero=True),
        layers.Bidirectional(layers.GRU(16, return_sequences=True)),
        layers.Dense(4, activation="softmax"),
    ])
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy",
                  weighted_metrics=["accuracy"])
    model.fit(words[:1200], tags[:1200], batch_size=40, epochs=4, validation_data=(words[1200:], tags[1200:]),
              callbacks=callbacks, verbose=0)
