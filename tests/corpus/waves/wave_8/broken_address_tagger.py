"""Tags the words of postal addresses (street, number, town, code, other) with a bidirectional GRU.

Wrong: the sample weights that are to leave the padding out are upside down (``tokens == 0``): each real word weighs 0 and each pad
weighs 1. The net learns to say "pad" at pads, the weighted loss goes to 0, and the tags of the words are noise.

Expected: ineffective-weights, bad-sample-weight, unmasked-padding
"""
import keras
import numpy as np
from keras import layers

LENGTH = 16
TAGS = ["pad", "other", "street", "number", "town", "code"]


def addresses(n, seed):
    rng = np.random.default_rng(seed)
    streets = [f"{a}{b}" for a in ("oak", "mill", "church", "station", "lake", "rose") for b in ("street", "lane", "road", "way")]
    towns = [f"{a}{b}" for a in ("nor", "ash", "kings", "wood", "bry", "stan") for b in ("ton", "ford", "bury", "ham")]
    fill = "please send to mr mrs the shop near house flat attn company back door thanks".split()
    sentences = []
    for _ in range(n):
        s = [(rng.choice(fill), "other") for _ in range(rng.integers(0, 5))]
        s += [(rng.choice(streets), "street"), (str(rng.integers(1, 200)), "number")]
        s += [(str(rng.integers(10000, 10200)), "code"), (rng.choice(towns), "town")]
        s += [(rng.choice(fill), "other") for _ in range(rng.integers(0, 3))]
        sentences.append(s)
    return sentences


def to_arrays(sentences, vocab):
    x = np.zeros((len(sentences), LENGTH), "int32")
    y = np.zeros((len(sentences), LENGTH), "int32")
    for i, s in enumerate(sentences):
        for j, (word, tag) in enumerate(s):
            x[i, j] = vocab.get(word, 1)
            y[i, j] = TAGS.index(tag)
    return x, y


def run(callbacks):
    keras.utils.set_random_seed(29)
    train, val = addresses(2000, 1), addresses(400, 2)
    words = sorted({w for s in train for w, _ in s})
    vocab = {w: i + 2 for i, w in enumerate(words)}
    x, y = to_arrays(train, vocab)
    xv, yv = to_arrays(val, vocab)
    weights, weights_val = (x == 0).astype("float32"), (xv == 0).astype("float32")

    inp = keras.Input((LENGTH,), dtype="int32")
    h = layers.Embedding(len(vocab) + 2, 24)(inp)
    h = layers.Bidirectional(layers.GRU(24, return_sequences=True))(h)
    h = layers.Dropout(0.2)(h)
    model = keras.Model(inp, layers.Dense(len(TAGS), activation="softmax")(h))
    model.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    history = model.fit(x, y, sample_weight=weights, validation_data=(xv, yv, weights_val), epochs=6, batch_size=32,
                        callbacks=callbacks, verbose=2)
    tags = model.predict(xv, verbose=0).argmax(-1)
    print("words tagged right:", (tags == yv)[xv > 0].mean())
    return history


if __name__ == "__main__":
    run([])
