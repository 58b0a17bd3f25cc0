# Mended from leaf_disease_conv.py
# Mend: add layers.Flatten() before the Dense layers
import numpy as np
from keras.models import Sequential
from keras.layers import Input, Conv2D, Flatten, MaxPooling2D, Dense, Dropout

IMG = 30
CLASSES = ["healthy", "rust", "scab", "blight"]

images = np.random.rand(24, IMG, IMG, 3).astype("float32")
labels = np.random.randint(0, len(CLASSES), size=24)

model = Sequential()
model.add(Input(shape=(IMG, IMG, 3)))
model.add(Conv2D(8, (3, 3), activation="relu"))
model.add(MaxPooling2D((2, 2)))
model.add(Conv2D(16, (3, 3), activation="relu"))
model.add(MaxPooling2D((2, 2)))
model.add(Flatten())
model.add(Dense(32, activation="relu"))
model.add(Dropout(0.5))
model.add(Dense(len(CLASSES), activation="softmax"))

model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(images, labels, batch_size=8, epochs=1, verbose=0)

probs = model.predict(images[:2], verbose=0)
print([CLASSES[i] for i in probs.argmax(axis=-1)])
