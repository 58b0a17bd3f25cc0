# Wrong: encoder is bidirectional, so its joined states are 32 wide, but the decoder LSTM has 16 units
# Mend: decoder_lstm = layers.LSTM(2 * units, return_sequences=True)
import numpy as np
import keras
from keras import layers

src_vocab, tgt_vocab, units = 30, 25, 16

enc_in = keras.Input(shape=(None,), dtype="int32", name="source")
x = layers.Embedding(src_vocab, 12)(enc_in)
_, fh, fc, bh, bc = layers.Bidirectional(layers.LSTM(units, return_state=True))(x)
state_h = layers.Concatenate()([fh, bh])
state_c = layers.Concatenate()([fc, bc])

dec_in = keras.Input(shape=(None,), dtype="int32", name="target")
d = layers.Embedding(tgt_vocab, 12)(dec_in)
decoder_lstm = layers.LSTM(2 * units, return_sequences=True)
d = decoder_lstm(d, initial_state=[state_h, state_c])
out = layers.Dense(tgt_vocab, activation="softmax")(d)

model = keras.Model([enc_in, dec_in], out)
model.compile("adam", "sparse_categorical_crossentropy")

src = np.random.randint(1, src_vocab, (16, 7))
tgt = np.random.randint(1, tgt_vocab, (16, 6))
model.fit([src, tgt[:, :-1]], tgt[:, 1:], epochs=1, verbose=0)
print("ok")
