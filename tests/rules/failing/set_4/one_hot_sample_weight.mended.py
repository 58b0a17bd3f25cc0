# Wrong: sample_weight is a table (n, 3), one column a class; it must hold one number a sample
# Mend: weights = (y_train * class_weight).sum(axis=1)
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(3)
x_train = rng.normal(size=(90, 10)).astype("float32")
labels = rng.choice(3, size=90, p=[0.6, 0.3, 0.1])
y_train = keras.utils.to_categorical(labels, 3)

# rare classes count more
class_weight = 1.0 / np.maximum(y_train.mean(axis=0), 1e-3)
weights = (y_train * class_weight).sum(axis=1)

model = keras.Sequential()
model.add(keras.Input(shape=(10,)))
model.add(layers.Dense(24, activation="relu"))
model.add(layers.Dropout(0.2))
model.add(layers.Dense(3, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="sgd")
model.fit(x_train, y_train, sample_weight=weights, epochs=2, batch_size=30, verbose=0)
