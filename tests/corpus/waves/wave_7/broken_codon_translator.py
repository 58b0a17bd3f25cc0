"""Translate codon sequences to amino-acid strings with a small encoder-decoder GRU.

Wrong: the decoder is fed the target sequence itself instead of the target shifted right by one behind the start token. It sees the
very token it has to emit, copies it and never needs the encoder; at inference it produces garbage.

Expected: target-in-input
"""
import numpy as np
import keras
from keras import layers

BASES, AMINO, START = 4, 12, 13
LENGTH = 8


def genes(n, seed):
    rng = np.random.default_rng(seed)
    table = np.random.default_rng(0).integers(1, AMINO + 1, (4, 4, 4))
    dna = rng.integers(0, 4, (n, LENGTH, 3))
    protein = table[dna[..., 0], dna[..., 1], dna[..., 2]]
    return dna.reshape(n, LENGTH * 3), protein


def run(callbacks):
    keras.utils.set_random_seed(24)
    dna, protein = genes(2500, 5)
    dna_val, protein_val = genes(400, 6)

    encoder_in = keras.Input((LENGTH * 3,), dtype="int32", name="dna")
    e = layers.Embedding(BASES, 8)(encoder_in)
    encoded, state = layers.GRU(32, return_sequences=True, return_state=True)(e)
    decoder_in = keras.Input((LENGTH,), dtype="int32", name="protein_in")
    d = layers.Embedding(AMINO + 2, 16)(decoder_in)
    d = layers.GRU(32, return_sequences=True)(d, initial_state=state)
    attended = layers.Attention()([d, encoded])
    d = layers.Concatenate()([d, attended])
    out = layers.Dense(AMINO + 1, activation="softmax")(d)
    model = keras.Model([encoder_in, decoder_in], out)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit({"dna": dna, "protein_in": protein}, protein,
                     validation_data=({"dna": dna_val, "protein_in": protein_val}, protein_val),
                     batch_size=64, epochs=6, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
