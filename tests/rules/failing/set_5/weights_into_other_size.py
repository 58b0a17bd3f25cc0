# Wrong: the weights were saved from a model with 32 units, the new one has 64
# Mend: student = make_model(32)
import os
import tempfile
import numpy as np
import keras
from keras import layers

def make_model(units):
    m = keras.Sequential([
        keras.Input((10,)),
        layers.Dense(units, activation="relu"),
        layers.Dense(units, activation="relu"),
        layers.Dense(3, activation="softmax"),
    ])
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m

X = np.random.rand(30, 10)
y = np.random.randint(0, 3, 30)
teacher = make_model(32)
teacher.fit(X, y, epochs=1, verbose=0)
ckpt = os.path.join(tempfile.mkdtemp(), "best.weights.h5")
teacher.save_weights(ckpt)

student = make_model(64)
student.load_weights(ckpt)
print(student.evaluate(X, y, verbose=0))
