# Wrong: one-hot labels (n, 2) with a last layer of one unit and binary_crossentropy
# Mend: layers.Dense(2, activation="softmax")
import numpy as np
import keras
from keras import layers
from keras.utils import to_categorical

X = np.random.rand(60, 64, 64, 1).astype("float32")
y = np.array([0, 1] * 30)
y = to_categorical(y)

model = keras.Sequential([
    keras.Input(shape=(64, 64, 1)),
    layers.Conv2D(4, 5, strides=4, activation="relu"),
    layers.Conv2D(8, 3, strides=2, activation="relu"),
    layers.Flatten(),
    layers.Dense(16, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(X, y, batch_size=20, epochs=1, verbose=0)
print(model.evaluate(X, y, verbose=0))
