# Wrong: the concatenated bidirectional states are 2 * latent_dim wide, the decoder LSTM has latent_dim units
# Mend: decoder_lstm = LSTM(latent_dim * 2, ...)
import numpy as np
from keras.models import Model
from keras.layers import Input, LSTM, Dense, Bidirectional, Concatenate

num_samples, max_enc, max_dec = 32, 14, 20
num_encoder_tokens, num_decoder_tokens = 40, 52
latent_dim = 32

encoder_input_data = np.eye(num_encoder_tokens)[np.random.randint(0, num_encoder_tokens, (num_samples, max_enc))]
decoder_input_data = np.eye(num_decoder_tokens)[np.random.randint(0, num_decoder_tokens, (num_samples, max_dec))]
decoder_target_data = np.roll(decoder_input_data, -1, axis=1)

encoder_inputs = Input(shape=(None, num_encoder_tokens))
encoder = Bidirectional(LSTM(latent_dim, return_state=True))
encoder_outputs, forward_h, forward_c, backward_h, backward_c = encoder(encoder_inputs)
state_h = Concatenate()([forward_h, backward_h])
state_c = Concatenate()([forward_c, backward_c])
encoder_states = [state_h, state_c]

decoder_inputs = Input(shape=(None, num_decoder_tokens))
decoder_lstm = LSTM(latent_dim, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
decoder_dense = Dense(num_decoder_tokens, activation='softmax')
decoder_outputs = decoder_dense(decoder_outputs)

model = Model([encoder_inputs, decoder_inputs], decoder_outputs)
model.compile(optimizer='rmsprop', loss='categorical_crossentropy')
model.fit([encoder_input_data, decoder_input_data], decoder_target_data, batch_size=8, epochs=1)
