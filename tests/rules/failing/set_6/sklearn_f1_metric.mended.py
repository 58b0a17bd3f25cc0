# Wrong: a scikit-learn style NumPy function is used as a metric, it gets symbolic tensors while training
# Mend: use keras.ops instead of NumPy in f1 (ops.round, ops.sum)
import numpy as np
import keras
from keras import layers


def f1(y_true, y_pred):
    y_hat = keras.ops.round(y_pred)
    tp = keras.ops.sum(y_true * y_hat)
    precision = tp / (keras.ops.sum(y_hat) + 1e-7)
    recall = tp / (keras.ops.sum(y_true) + 1e-7)
    return 2 * precision * recall / (precision + recall + 1e-7)


x = np.random.normal(size=(80, 12))
y = (x[:, 0] + x[:, 3] > 0).astype("float32")

model = keras.Sequential()
model.add(keras.Input(shape=(12,)))
model.add(layers.Dense(24, activation="relu"))
model.add(layers.Dropout(0.2))
model.add(layers.Dense(1, activation="sigmoid"))

model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy", f1])
model.fit(x, y, epochs=2, batch_size=16, validation_split=0.2)
