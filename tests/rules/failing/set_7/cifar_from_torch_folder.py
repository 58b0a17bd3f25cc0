# Wrong: the images are stored channels-first (N, 3, 32, 32) but the model is channels-last (32, 32, 3)
# Mend: x = x.transpose(0, 2, 3, 1) before fit
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
# dumped earlier from a torchvision DataLoader
x = rng.integers(0, 256, size=(40, 3, 32, 32)).astype("float32")
y = rng.integers(0, 10, size=(40,))
x = x / 255.0

num_train = 32
x_train, x_val = x[:num_train], x[num_train:]
y_train, y_val = y[:num_train], y[num_train:]

model = keras.Sequential([
    keras.Input(shape=(32, 32, 3)),
    layers.Conv2D(8, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(16, 3, activation="relu"),
    layers.GlobalAveragePooling2D(),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=8, epochs=1, validation_data=(x_val, y_val), verbose=0)
print(model.evaluate(x_val, y_val, verbose=0))
