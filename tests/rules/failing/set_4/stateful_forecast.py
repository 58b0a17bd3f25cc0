# Wrong: 100 windows do not divide into batches of 8; the stateful LSTM's last batch holds only 4
# Mend: X, y = X[:96], y[:96]   (a multiple of the batch size)
import numpy as np
import keras
from keras import layers

series = np.sin(np.arange(112) / 5.0).astype("float32")
window, batch_size = 12, 8
X = np.stack([series[i:i + window] for i in range(len(series) - window)])[..., None]
y = series[window:]
print(X.shape, y.shape)

lstm = layers.LSTM(16, stateful=True)
model = keras.Sequential([
    keras.Input(batch_shape=(batch_size, window, 1)),
    lstm,
    layers.Dense(1),
])
model.compile(loss="mse", optimizer="adam")
for epoch in range(2):
    model.fit(X, y, batch_size=batch_size, epochs=1, shuffle=False, verbose=0)
    lstm.reset_states()
print(model.predict(X[:batch_size], batch_size=batch_size, verbose=0).shape)
