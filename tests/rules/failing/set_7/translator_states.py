# Wrong: the decoder LSTM has 48 units but starts from the encoder's states of 32
# Mend: decoder = layers.LSTM(latent, return_sequences=True, return_state=True)
import numpy as np
import keras
from keras import layers

src_tokens, dst_tokens = 20, 25
latent = 32

enc_in = keras.Input((None, src_tokens))
_, h, c = layers.LSTM(latent, return_state=True)(enc_in)

dec_in = keras.Input((None, dst_tokens))
decoder = layers.LSTM(48, return_sequences=True, return_state=True)
dec_out, _, _ = decoder(dec_in, initial_state=[h, c])
dec_out = layers.Dense(dst_tokens, activation="softmax")(dec_out)

model = keras.Model([enc_in, dec_in], dec_out)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy")

n = 16
enc_x = np.eye(src_tokens, dtype="float32")[np.random.randint(0, src_tokens, (n, 7))]
dec_ids = np.random.randint(0, dst_tokens, (n, 9))
dec_x = np.eye(dst_tokens, dtype="float32")[dec_ids]
dec_y = np.roll(dec_x, -1, axis=1)
model.fit([enc_x, dec_x], dec_y, batch_size=8, epochs=1, verbose=0)
print(model.predict([enc_x[:1], dec_x[:1]], verbose=0).shape)
