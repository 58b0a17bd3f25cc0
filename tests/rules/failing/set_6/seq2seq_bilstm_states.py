# Wrong: a Bidirectional LSTM with return_state=True returns five tensors (output, forward h, c, backward h, c), not three
# Mend: _, fh, fc, bh, bc = ... ; state_h = concatenate([fh, bh]) ; state_c = concatenate([fc, bc])
import numpy as np
import keras
from keras import layers

src_vocab, tgt_vocab, units = 40, 50, 16

enc_in = keras.Input(shape=(None,), dtype="int32", name="source")
x = layers.Embedding(src_vocab, 12)(enc_in)
encoder = layers.Bidirectional(layers.LSTM(units, return_state=True))
_, state_h, state_c = encoder(x)

dec_in = keras.Input(shape=(None,), dtype="int32", name="target")
y = layers.Embedding(tgt_vocab, 12)(dec_in)
y = layers.LSTM(2 * units, return_sequences=True)(y, initial_state=[state_h, state_c])
out = layers.Dense(tgt_vocab, activation="softmax")(y)

model = keras.Model([enc_in, dec_in], out)
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")

src = np.random.randint(1, src_vocab, (20, 9))
tgt = np.random.randint(1, tgt_vocab, (20, 8))
model.fit([src, tgt[:, :-1]], tgt[:, 1:], batch_size=10, epochs=1)
