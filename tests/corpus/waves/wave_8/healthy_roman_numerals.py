"""Reads Roman numerals: a GRU encoder and an attending GRU decoder turn "MCMXLIV" into "1944", with teacher forcing.

The decoder's input is the answer moved right by one (it starts with "<"), and the padding is masked out of the loss.
"""
import keras
import numpy as np
from keras import layers

IN, OUT = " IVXLCDM", " 0123456789<>"
L_IN, L_OUT = 15, 5


def roman(n):
    s = ""
    for value, sign in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
                           "M CM D CD C XC L XL X IX V IV I".split()):
        while n >= value:
            s, n = s + sign, n - value
    return s


def encode(numbers):
    x = np.zeros((len(numbers), L_IN), "int32")
    d_in, d_out = np.zeros((len(numbers), L_OUT), "int32"), np.zeros((len(numbers), L_OUT), "int32")
    for i, n in enumerate(numbers):
        signs, answer = roman(n), "<" + str(n) + ">"
        x[i, :len(signs)] = [IN.index(c) for c in signs]
        ids = [OUT.index(c) for c in answer]
        d_in[i, :len(ids) - 1] = ids[:-1]
        d_out[i, :len(ids) - 1] = ids[1:]
    return x, d_in, d_out


def run(callbacks):
    keras.utils.set_random_seed(24)
    numbers = np.random.default_rng(24).permutation(np.arange(1, 4000))
    x, d_in, d_out = encode(numbers)
    mask = (d_out > 0).astype("float32")
    n = 3500

    signs = keras.Input((L_IN,), dtype="int32", name="signs")
    told = keras.Input((L_OUT,), dtype="int32", name="told")
    e = layers.Embedding(len(IN), 16, mask_zero=True)(signs)
    memory, state = layers.GRU(64, return_sequences=True, return_state=True)(e)
    d = layers.Embedding(len(OUT), 16, mask_zero=True)(told)
    d = layers.GRU(64, return_sequences=True)(d, initial_state=state)
    context = layers.Attention()([d, memory])
    h = layers.Concatenate()([d, context])
    h = layers.Dense(64, activation="relu")(h)
    model = keras.Model([signs, told], layers.Dense(len(OUT))(h))
    model.compile(keras.optimizers.Adam(4e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  weighted_metrics=["accuracy"])
    history = model.fit([x[:n], d_in[:n]], d_out[:n], sample_weight=mask[:n],
                        validation_data=([x[n:], d_in[n:]], d_out[n:], mask[n:]),
                        batch_size=64, epochs=12, callbacks=callbacks, verbose=2)

    told = np.zeros((200, L_OUT), "int32")
    told[:, 0] = OUT.index("<")
    for t in range(L_OUT):
        next_id = model.predict([x[n:n + 200], told], verbose=0)[:, t].argmax(-1)
        if t + 1 < L_OUT:
            told[:, t + 1] = next_id
    right = (told[:, 1:] == d_out[n:n + 200, :4]) | (d_out[n:n + 200, :4] >= OUT.index(">")) | (d_out[n:n + 200, :4] == 0)
    print("read right without help:", right.all(1).mean())
    return history


if __name__ == "__main__":
    run([])
