# Wrong: the grey images are (n, 28, 28): Conv2D wants a channel axis (n, 28, 28, 1)
# Mend: x_train = x_train.reshape(-1, 28, 28, 1)
import numpy as np
import keras
from keras import layers

# stand-in for mnist
x_train = np.random.randint(0, 256, size=(64, 28, 28)).astype("float32") / 255.0
y_train = np.random.randint(0, 10, size=(64,))

x_train = x_train.reshape(-1, 28, 28)
print("train:", x_train.shape)

model = keras.Sequential([
    layers.Conv2D(8, (3, 3), activation="relu"),
    layers.MaxPooling2D((2, 2)),
    layers.Flatten(),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam",
              loss="sparse_categorical_crossentropy",
              metrics=["accuracy"])
model.fit(x_train, y_train, epochs=1, batch_size=32, verbose=0)
print("done")
