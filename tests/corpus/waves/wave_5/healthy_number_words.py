"""Sequence to sequence: reads a number in words and writes it in digits; zero is padding and masked."""
import keras
import numpy as np
from keras import layers

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen").split()
TENS = "x x twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS = {w: i + 1 for i, w in enumerate(ONES + TENS[2:] + ["hundred", "thousand", "and"])}
START, END = 11, 12  # digit d is written as d + 1, padding is 0


def below_thousand(n):
    out = []
    if n >= 100:
        out += [ONES[n // 100], "hundred"] + (["and"] if n % 100 else [])
        n %= 100
    if n >= 20:
        out.append(TENS[n // 10])
        n %= 10
    if n or not out:
        out.append(ONES[n])
    return out


def in_words(n):
    if n < 1000:
        return below_thousand(n)
    return below_thousand(n // 1000) + ["thousand"] + (below_thousand(n % 1000) if n % 1000 else [])


def encode(numbers):
    src, dec_in, dec_out = (np.zeros((len(numbers), k), "int32") for k in (11, 6, 6))
    for r, n in enumerate(numbers):
        ids = [WORDS[w] for w in in_words(n)]
        digits = [int(c) + 1 for c in str(n)]
        src[r, :len(ids)] = ids
        dec_in[r, :len(digits) + 1] = [START] + digits
        dec_out[r, :len(digits) + 1] = digits + [END]
    return (src, dec_in), dec_out


def run(callbacks):
    keras.utils.set_random_seed(7)
    rng = np.random.default_rng(107)
    numbers = np.unique(np.r_[rng.integers(0, 1000, 700), rng.integers(1000, 20000, 3600)])
    rng.shuffle(numbers)
    x, y = encode(numbers[600:])
    x_val, y_val = encode(numbers[:600])

    words, digits = keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32")
    h = layers.Embedding(len(WORDS) + 1, 32, mask_zero=True)(words)
    seq, state = layers.GRU(80, return_sequences=True, return_state=True)(h)
    d = layers.Embedding(13, 32, mask_zero=True)(digits)
    d = layers.GRU(80, return_sequences=True)(d, initial_state=state)
    context = layers.Attention(use_scale=True)([d, seq])
    out = layers.Dense(13, activation="softmax")(layers.Concatenate()([d, context]))
    model = keras.Model([words, digits], out)
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model.fit(x, y, sample_weight=(y > 0).astype("float32"), batch_size=64, epochs=9,
                     validation_data=(x_val, y_val, (y_val > 0).astype("float32")), callbacks=callbacks, verbose=2)
