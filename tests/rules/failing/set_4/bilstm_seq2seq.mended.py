# Wrong: a Bidirectional LSTM with return_state gives 5 tensors (forward and backward h, c), unpacked into 3
# Mend: _, fh, fc, bh, bc = ... ; h = concatenate([fh, bh]) ; c = concatenate([fc, bc])
import numpy as np
import keras
from keras import layers

src_vocab, tgt_vocab, units = 40, 50, 16
src = np.random.randint(1, src_vocab, (20, 7))
tgt = np.random.randint(1, tgt_vocab, (20, 9))

enc_in = keras.Input(shape=(None,), name="source")
enc_emb = layers.Embedding(src_vocab, 24)(enc_in)
encoder = layers.Bidirectional(layers.LSTM(units, return_state=True))
_, fh, fc, bh, bc = encoder(enc_emb)
h = layers.concatenate([fh, bh])
c = layers.concatenate([fc, bc])

dec_in = keras.Input(shape=(None,), name="target")
dec_emb = layers.Embedding(tgt_vocab, 24)(dec_in)
decoder = layers.LSTM(2 * units, return_sequences=True)
dec_out = decoder(dec_emb, initial_state=[h, c])
probs = layers.Dense(tgt_vocab, activation="softmax")(dec_out)

model = keras.Model([enc_in, dec_in], probs)
model.compile("adam", "sparse_categorical_crossentropy")
model.fit([src, tgt[:, :-1]], tgt[:, 1:], batch_size=10, epochs=1, verbose=0)
