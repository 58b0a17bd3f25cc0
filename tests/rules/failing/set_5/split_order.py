# Wrong: train_test_split returns X_train, X_test, y_train, y_test: unpacked in the wrong order, so y_train is X_test
# Mend: X_train, X_test, y_train, y_test = train_test_split(...)
import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from keras.models import Sequential
from keras.layers import Dense, Input

iris = load_iris()
X = iris.data
y = iris.target

X_train, y_train, X_test, y_test = train_test_split(X, y, test_size=0.2, random_state=1)

model = Sequential()
model.add(Input(shape=(4,)))
model.add(Dense(16, activation="relu"))
model.add(Dense(3, activation="softmax"))
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(X_train, y_train, epochs=2, batch_size=16, verbose=0)
loss, acc = model.evaluate(X_test, y_test, verbose=0)
print("accuracy", acc)
