# Wrong: the CTC loss gets one-hot targets (n, length, characters); it wants the character numbers (n, length)
# Mend: y = codes   (leave out to_categorical)
import numpy as np
import keras
from keras import layers

CHARS = "0123456789"
LENGTH = 4
rng = np.random.default_rng(0)

images = rng.random((24, 32, 16, 1)).astype("float32")
codes = rng.integers(1, len(CHARS) + 1, size=(24, LENGTH))
y = keras.utils.to_categorical(codes, num_classes=len(CHARS) + 1)

img = keras.Input(shape=(32, 16, 1), name="image")
x = layers.Conv2D(8, 3, padding="same", activation="relu")(img)
x = layers.MaxPooling2D((2, 2))(x)
x = layers.Reshape((16, 8 * 8))(x)
x = layers.Bidirectional(layers.LSTM(16, return_sequences=True))(x)
out = layers.Dense(len(CHARS) + 1, name="chars")(x)

model = keras.Model(img, out)
model.compile(optimizer="adam", loss=keras.losses.CTC())
model.fit(images, y, batch_size=8, epochs=1, verbose=0)
print(model.predict(images[:2], verbose=0).shape)
