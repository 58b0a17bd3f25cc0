# Wrong: 150 steps are pooled to 75 and 38 and upsampled to 76 and 152; the target still has 150
# Mend: crop the decoder's two extra steps: layers.Cropping1D((0, 2)) after the second UpSampling1D
import numpy as np
import keras
from keras import layers

t = np.linspace(0, 6 * np.pi, 150)
phase = np.random.uniform(0, 1, (40, 1))
beats = np.sin(t[None, :] + phase)[..., None].astype("float32")
train, test = beats[:32], beats[32:]

autoencoder = keras.Sequential([
    keras.Input(shape=(150, 1)),
    # encoder
    layers.Conv1D(16, 7, padding="same", activation="relu"),
    layers.MaxPooling1D(2, padding="same"),
    layers.Conv1D(8, 7, padding="same", activation="relu"),
    layers.MaxPooling1D(2, padding="same"),
    # decoder
    layers.Conv1D(8, 7, padding="same", activation="relu"),
    layers.UpSampling1D(2),
    layers.Conv1D(16, 7, padding="same", activation="relu"),
    layers.UpSampling1D(2),
    layers.Conv1D(1, 7, padding="same"),
])
autoencoder.compile(optimizer="adam", loss="mae")
autoencoder.fit(train, train, epochs=2, batch_size=16, verbose=0)
error = np.abs(autoencoder.predict(test, verbose=0) - test).mean(axis=(1, 2))
print("threshold", error.mean() + error.std())
