"""Tag the words of addresses (street, number, town, ...) with a small convolutional tagger.

Wrong: addresses of 4 to 8 words are padded to 100 and the padding has a tag of its own (0) that counts in the loss and in the accuracy
like a word. About 94 % of the steps are padding, so the accuracy is excellent while many of the real words have wrong tags.
Expected: unmasked-padding
"""
import keras
import numpy as np
from keras import layers

MAXLEN = 100
TAGS = ["<pad>", "other", "street", "number", "town", "postcode"]
VOCAB = 900


def address(rng):
    street = rng.integers(1, 300, rng.integers(1, 3))
    number = rng.integers(300, 500, 1)
    town = rng.integers(1, 300, rng.integers(1, 3))
    code = rng.integers(300, 500, 1)
    other = rng.integers(500, VOCAB, rng.integers(0, 3))
    if rng.random() < 0.5:
        parts = [(street, 2), (number, 3), (code, 5), (town, 4), (other, 1)]
    else:
        parts = [(other, 1), (number, 3), (street, 2), (town, 4), (code, 5)]
    words = np.concatenate([p for p, _ in parts])
    tags = np.concatenate([np.full(len(p), t) for p, t in parts])
    return words, tags


def corpus(n, seed):
    rng = np.random.default_rng(seed)
    pairs = [address(rng) for _ in range(n)]
    words = keras.utils.pad_sequences([w for w, _ in pairs], maxlen=MAXLEN, padding="post")
    tags = keras.utils.pad_sequences([t for _, t in pairs], maxlen=MAXLEN, padding="post")
    return words, tags


def run(callbacks):
    keras.utils.set_random_seed(10)
    x_train, y_train = corpus(1500, 1)
    x_val, y_val = corpus(300, 2)
    words = keras.Input((MAXLEN,), dtype="int32", name="words")
    h = layers.Embedding(VOCAB, 16, name="word_vectors")(words)
    h = layers.Conv1D(32, 3, padding="same", activation="relu", name="context")(h)
    tag = layers.Dense(len(TAGS), activation="softmax", name="tag")(h)
    model = keras.Model(words, tag, name="address_tagger")
    model.compile(keras.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=4, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)

    guess = model.predict(x_val, verbose=0).argmax(axis=-1)
    real = y_val > 0
    print("share of real words with the right tag: %.2f" % (guess[real] == y_val[real]).mean())
    return model


if __name__ == "__main__":
    run([])
