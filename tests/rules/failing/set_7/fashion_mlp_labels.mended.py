# Mended from fashion_mlp_labels.py
# Mend: loss="sparse_categorical_crossentropy"
import numpy as np
import keras
from keras.layers import Dense, Flatten, Input

x_train = np.random.randint(0, 255, (64, 28, 28)).astype("uint8")
y_train = np.random.randint(0, 10, 64).astype("uint8")
x_test = np.random.randint(0, 255, (16, 28, 28)).astype("uint8")
y_test = np.random.randint(0, 10, 16).astype("uint8")

x_train = x_train / 255.0
x_test = x_test / 255.0

model = keras.models.Sequential([
    Input(shape=(28, 28)),
    Flatten(),
    Dense(64, activation="relu"),
    Dense(10, activation="softmax"),
])
model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(x_train, y_train, epochs=2, batch_size=32, verbose=0)
print(history.history["loss"][-1])
print(model.evaluate(x_test, y_test, verbose=0))
