# Wrong: the first GRU of the stack returns only its last state, so the second GRU gets a 2D tensor
# Mend: layers.GRU(n, return_sequences=i < len(hidden) - 1)
import numpy as np
import keras
from keras import layers

hours = 24
hidden = [16, 8]

series = np.sin(np.arange(300) / 10.0).astype("float32")
X = np.stack([series[i:i + hours] for i in range(len(series) - hours)])[..., None]
y = series[hours:]

model = keras.Sequential()
model.add(keras.Input(shape=(hours, 1)))
for i, n in enumerate(hidden):
    model.add(layers.GRU(n, name=f"gru_{i}"))
    model.add(layers.Dropout(0.1))
model.add(layers.Dense(1))

model.compile(optimizer="rmsprop", loss="mae")
model.fit(X[:200], y[:200], epochs=1, batch_size=50, verbose=0)
print("test MAE", model.evaluate(X[200:], y[200:], verbose=0))
