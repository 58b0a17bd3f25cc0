# Wrong: fit without compile
# Mend: model.compile(optimizer="adam", loss="mse")
import numpy as np
import keras
from keras import layers

X = np.linspace(-1, 1, 50).reshape(-1, 1)
y = X[:, 0] ** 2

model = keras.Sequential()
model.add(layers.Input((1,)))
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(1))
model.summary()

model.fit(X, y, epochs=3, verbose=0)
print("final", model.predict(X[:2], verbose=0))
