# Wrong: the LSTM is stateful with a fixed batch of 8, but 84 windows leave a last batch of 4
# Mend: X, y = X[:len(X) // batch * batch], y[:len(y) // batch * batch]
import numpy as np
import keras
from keras.layers import LSTM, Dense

batch = 8
window = 6

signal = np.cos(np.linspace(0, 20, 90)).astype("float32")
X = np.array([signal[i:i + window] for i in range(len(signal) - window)])
X = X.reshape(len(X), window, 1)
y = signal[window:]
print(X.shape, y.shape)

model = keras.Sequential()
model.add(keras.Input(batch_shape=(batch, window, 1)))
model.add(LSTM(10, stateful=True))
model.add(Dense(1))
model.compile(loss="mean_squared_error", optimizer="adam")

for epoch in range(2):
    model.fit(X, y, epochs=1, batch_size=batch, shuffle=False, verbose=0)
    model.layers[0].reset_states()

pred = model.predict(X[:batch], batch_size=batch, verbose=0)
print(pred.shape)
