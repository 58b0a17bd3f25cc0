"""Translate RNA reads of unequal length to protein letters: encoder-decoder with shifted decoder input, padding 0 and masks."""
import numpy as np
import keras
from keras import layers

START, AMINO, LONGEST = 13, 12, 7


def reads(n, seed):
    rng = np.random.default_rng(seed)
    table = np.random.default_rng(0).integers(1, AMINO + 1, (4, 4))
    rna = np.zeros((n, LONGEST, 2), dtype="int32")
    protein = np.zeros((n, LONGEST), dtype="int32")
    for i in range(n):
        k = rng.integers(3, LONGEST + 1)
        bases = rng.integers(0, 4, (k, 2))
        rna[i, :k] = bases + 1
        protein[i, :k] = table[bases[:, 0], bases[:, 1]]
    decoder_in = np.concatenate([np.full((n, 1), START), protein[:, :-1]], axis=1)
    decoder_in[protein == 0] = 0
    weights = (protein > 0).astype("float32")
    return rna.reshape(n, -1), decoder_in, protein, weights


def build():
    rna = keras.Input((2 * LONGEST,), dtype="int32", name="rna")
    seen = keras.Input((LONGEST,), dtype="int32", name="seen")
    e = layers.Embedding(5, 8, mask_zero=True)(rna)
    states, f, b = layers.Bidirectional(layers.GRU(24, return_sequences=True, return_state=True))(e)
    d = layers.Embedding(14, 8, mask_zero=True)(seen)
    d = layers.GRU(48, return_sequences=True)(d, initial_state=layers.Concatenate()([f, b]))
    context = layers.Attention()([d, states])
    h = layers.Dense(48, activation="relu")(layers.Concatenate()([d, context]))
    return keras.Model([rna, seen], layers.Dense(AMINO + 1, activation="softmax")(h))


def run(callbacks):
    keras.utils.set_random_seed(9)
    rna, seen, protein, weights = reads(3000, 1)
    v_rna, v_seen, v_protein, v_weights = reads(500, 2)
    model = build()
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model.fit({"rna": rna, "seen": seen}, protein, sample_weight=weights,
                     validation_data=({"rna": v_rna, "seen": v_seen}, v_protein, v_weights),
                     batch_size=64, epochs=8, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
