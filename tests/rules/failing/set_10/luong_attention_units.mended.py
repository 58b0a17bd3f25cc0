import numpy as np
import keras
from keras import layers

src_vocab, tgt_vocab = 50, 60
src_len, tgt_len = 9, 7
enc_units, dec_units = 24, 24

src = keras.Input((src_len,), dtype="int32", name="src")
tgt = keras.Input((tgt_len,), dtype="int32", name="tgt")
enc_emb = layers.Embedding(src_vocab, 16)(src)
enc_seq = layers.GRU(enc_units, return_sequences=True)(enc_emb)
dec_emb = layers.Embedding(tgt_vocab, 16)(tgt)
dec_seq = layers.GRU(dec_units, return_sequences=True)(dec_emb)

score = layers.dot([dec_seq, enc_seq], axes=[2, 2])
weights = layers.Activation("softmax", name="attention")(score)
context = layers.dot([weights, enc_seq], axes=[2, 1])
merged = layers.concatenate([context, dec_seq])
hidden = layers.TimeDistributed(layers.Dense(32, activation="tanh"))(merged)
probs = layers.TimeDistributed(layers.Dense(tgt_vocab, activation="softmax"))(hidden)

model = keras.Model([src, tgt], probs)
model.compile("adam", "sparse_categorical_crossentropy")
x_src = np.random.randint(1, src_vocab, (16, src_len))
x_tgt = np.random.randint(1, tgt_vocab, (16, tgt_len))
y = np.roll(x_tgt, -1, axis=1)
model.fit({"src": x_src, "tgt": x_tgt}, y, epochs=1, batch_size=8, verbose=0)
print("done")
