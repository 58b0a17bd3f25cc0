# Wrong: the stateful LSTM has a fixed batch of 16, but 90 windows leave a last batch of 10
# Mend: cut the data to a multiple of the batch size: n = len(X) // batch_size * batch_size
import numpy as np
import pandas as pd
import keras
from keras import layers

batch_size = 16
look_back = 10

series = pd.Series(np.sin(np.arange(100) / 5.0)).to_numpy(dtype="float32")
X, y = [], []
for i in range(len(series) - look_back):
    X.append(series[i : i + look_back])
    y.append(series[i + look_back])
X = np.array(X)[..., np.newaxis]
y = np.array(y)

n = len(X) // batch_size * batch_size
X, y = X[:n], y[:n]

model = keras.Sequential()
model.add(keras.Input(batch_shape=(batch_size, look_back, 1)))
model.add(layers.LSTM(8, stateful=True))
model.add(layers.Dense(1))
model.compile(loss="mse", optimizer="adam")

for epoch in range(2):
    model.fit(X, y, epochs=1, batch_size=batch_size, shuffle=False, verbose=2)
    model.layers[0].reset_states()
