import numpy as np
import keras
from keras.layers import Input, LSTM, Bidirectional, Dense, Concatenate

num_encoder_tokens, num_decoder_tokens, latent_dim = 12, 15, 16

encoder_inputs = Input(shape=(None, num_encoder_tokens))
encoder = Bidirectional(LSTM(latent_dim, return_state=True))
encoder_outputs, fh, fc, bh, bc = encoder(encoder_inputs)
state_h, state_c = Concatenate()([fh, bh]), Concatenate()([fc, bc])
encoder_states = [state_h, state_c]

decoder_inputs = Input(shape=(None, num_decoder_tokens))
decoder_lstm = LSTM(latent_dim * 2, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
decoder_outputs = Dense(num_decoder_tokens, activation="softmax")(decoder_outputs)
model = keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy")

enc = np.eye(num_encoder_tokens)[np.random.randint(0, num_encoder_tokens, (20, 6))]
dec = np.eye(num_decoder_tokens)[np.random.randint(0, num_decoder_tokens, (20, 7))]
target = np.zeros_like(dec)
target[:, :-1] = dec[:, 1:]
model.fit([enc, dec], target, batch_size=10, epochs=1, verbose=0)
print(model.output_shape)
