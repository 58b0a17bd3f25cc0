# Wrong: old argument names: Adam(lr=..., decay=...) do not exist in Keras 3
# Mend: opt = keras.optimizers.Adam(learning_rate=0.001)
import numpy as np
import keras
from keras.models import Sequential
from keras.layers import Dense, Input

data = np.random.random((40, 8))
labels = np.random.randint(2, size=(40, 1))

epochs = 2
opt = keras.optimizers.Adam(lr=0.001, decay=0.001 / epochs)

model = Sequential([Input((8,)), Dense(12, activation="relu"), Dense(1, activation="sigmoid")])
model.compile(loss="binary_crossentropy", optimizer=opt, metrics=["accuracy"])
model.fit(data, labels, epochs=epochs, batch_size=10, verbose=0)
print("Accuracy: %.2f" % (model.evaluate(data, labels, verbose=0)[1] * 100))
