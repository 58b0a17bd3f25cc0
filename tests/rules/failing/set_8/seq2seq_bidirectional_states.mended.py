import numpy as np
import keras
from keras import layers

src_vocab, tgt_vocab, units = 40, 30, 32

enc_in = keras.Input((None,), dtype="int32", name="source")
e = layers.Embedding(src_vocab, 16)(enc_in)
_, fh, fc, bh, bc = layers.Bidirectional(layers.LSTM(units, return_state=True))(e)
state_h = layers.Concatenate()([fh, bh])
state_c = layers.Concatenate()([fc, bc])

dec_in = keras.Input((None,), dtype="int32", name="target")
d = layers.Embedding(tgt_vocab, 16)(dec_in)
decoder = layers.LSTM(2 * units, return_sequences=True)
d = decoder(d, initial_state=[state_h, state_c])
probs = layers.Dense(tgt_vocab, activation="softmax")(d)

translator = keras.Model([enc_in, dec_in], probs)
translator.compile("adam", "sparse_categorical_crossentropy")

source = np.random.randint(1, src_vocab, (16, 9))
target = np.random.randint(1, tgt_vocab, (16, 8))
translator.fit([source, target[:, :-1]], target[:, 1:], epochs=1, verbose=0)
print(translator.count_params())
