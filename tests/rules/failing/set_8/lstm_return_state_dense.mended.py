import numpy as np
import keras
from keras import layers

# remaining useful life of an engine from 15 cycles of 6 sensors
X = np.random.normal(size=(40, 15, 6))
rul = np.random.uniform(0, 130, size=(40,))

inputs = layers.Input(shape=(15, 6))
x = layers.GRU(32, return_sequences=True)(inputs)
x, h, c = layers.LSTM(24, return_state=True)(x)
x = layers.Dense(16, activation="relu")(x)
outputs = layers.Dense(1)(x)

model = keras.Model(inputs, outputs, name="rul")
model.compile(optimizer="rmsprop", loss="mae")
model.fit(X, rul, epochs=1, batch_size=20, verbose=0)
print(model.predict(X[:3], verbose=0).shape)
