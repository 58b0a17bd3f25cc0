# Wrong: integer class labels of shape (n,) are trained with categorical_crossentropy, which needs one-hot labels
# Mend: loss="sparse_categorical_crossentropy"
import numpy as np
import keras
from keras.models import Sequential
from keras.layers import Input, Conv2D, MaxPooling2D, Flatten, Dense, Dropout

rng = np.random.default_rng(1)
num_classes = 10
x_train = rng.integers(0, 256, (64, 28, 28)).astype("float32") / 255
y_train = rng.integers(0, num_classes, 64)
x_train = x_train.reshape(x_train.shape[0], 28, 28, 1)

model = Sequential()
model.add(Input((28, 28, 1)))
model.add(Conv2D(8, kernel_size=(3, 3), activation="relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(32, activation="relu"))
model.add(Dense(num_classes, activation="softmax"))

model.compile(loss="categorical_crossentropy", optimizer="adadelta", metrics=["accuracy"])
model.fit(x_train, y_train, batch_size=16, epochs=1, verbose=0)
print(model.evaluate(x_train, y_train, verbose=0))
