# Mended from schedule_lr_keyword.py
# Mend: keras.optimizers.SGD(learning_rate=0.05, momentum=0.9)
import numpy as np
import keras
from keras import layers

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
Y = np.array([[0], [1], [1], [0]], dtype="float32")

model = keras.Sequential([
    layers.Input((2,)),
    layers.Dense(8, activation="tanh"),
    layers.Dense(1, activation="sigmoid"),
])

sgd = keras.optimizers.SGD(learning_rate=0.05, momentum=0.9)
model.compile(loss="binary_crossentropy", optimizer=sgd, metrics=["accuracy"])
model.fit(X, Y, epochs=10, verbose=0)
print(model.predict(X, verbose=0).round())
