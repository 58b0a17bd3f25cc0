# Mended from ecg_beats_conv1d.py
# Mend: inputs = keras.Input(shape=(X.shape[1], 1))
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(3)
t = np.linspace(0, 1, 187)
X = np.array([np.sin(2 * np.pi * f * t) for f in rng.uniform(1, 9, 50)])
X = X + rng.normal(0, 0.05, X.shape)
y = rng.integers(0, 5, 50)

inputs = keras.Input(shape=(X.shape[1], 1))
h = layers.Conv1D(16, kernel_size=7, activation="relu")(inputs)
h = layers.MaxPooling1D(3)(h)
h = layers.Conv1D(32, kernel_size=5, activation="relu")(h)
h = layers.GlobalMaxPooling1D()(h)
outputs = layers.Dense(5, activation="softmax")(h)

model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(X[:40], y[:40], epochs=1, verbose=0, validation_data=(X[40:], y[40:]))
model.summary()
