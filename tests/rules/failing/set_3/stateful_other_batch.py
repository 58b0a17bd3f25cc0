# Wrong: stateful LSTM was built for batches of 8; predict gives it a batch of 1
# Mend: predict with the same batch size: np.repeat(window, BATCH, axis=0)
import numpy as np
import keras
from keras import layers

BATCH, STEPS = 8, 5
series = np.sin(np.arange(0, 20, 0.1)).astype("float32")
X, y = [], []
for i in range(len(series) - STEPS):
    X.append(series[i:i + STEPS])
    y.append(series[i + STEPS])
X = np.array(X)[..., None]
y = np.array(y)
n = len(X) // BATCH * BATCH
X, y = X[:n], y[:n]

model = keras.Sequential([
    keras.Input(batch_shape=(BATCH, STEPS, 1)),
    layers.LSTM(10, stateful=True),
    layers.Dense(1),
])
model.compile("adam", "mse")
for epoch in range(2):
    model.fit(X, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0)
    model.layers[0].reset_states()

window = series[-STEPS:].reshape(1, STEPS, 1)
next_value = model.predict(window, batch_size=1, verbose=0)
print("next:", next_value[0, 0])
