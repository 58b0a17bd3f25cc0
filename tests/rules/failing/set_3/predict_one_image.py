# Wrong: a single 32x32x3 image goes to predict without a batch axis
# Mend: pred = model.predict(img[np.newaxis, ...])
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
x_train = rng.integers(0, 256, (40, 32, 32, 3)).astype("float32") / 255.0
y_train = rng.integers(0, 2, 40)

model = keras.Sequential([
    keras.Input(shape=(32, 32, 3)),
    layers.Conv2D(8, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=1, batch_size=10, verbose=0)

# try it on a picture of my own
img = rng.integers(0, 256, (32, 32, 3)).astype("float32")
img = img / 255.0
pred = model.predict(img, verbose=0)
print("cat" if pred[0][0] > 0.5 else "dog")
