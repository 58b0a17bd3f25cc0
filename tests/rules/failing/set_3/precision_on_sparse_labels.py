# Wrong: Precision/Recall metrics get integer class labels (N,) while the softmax output is (N, 3)
# Mend: y = keras.utils.to_categorical(y, 3) with loss='categorical_crossentropy'
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)

model = keras.Sequential()
model.add(layers.Input(shape=(4,)))
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(3, activation="softmax"))

model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.Precision(), keras.metrics.Recall()],
)
model.fit(X_train, y_train, validation_data=(X_test, y_test), epochs=2, verbose=0)
print(model.evaluate(X_test, y_test, verbose=0))
