# Wrong: keras.metrics.F1Score wants one-hot labels (n, 3), they are integers (n,)
# Mend: y = keras.utils.to_categorical(y, 3) and loss="categorical_crossentropy"
import numpy as np
import keras
from keras import layers

X = np.random.rand(48, 9)
y = np.random.randint(0, 3, 48)
y = keras.utils.to_categorical(y, 3)

model = keras.Sequential([
    layers.Input((9,)),
    layers.Dense(12, activation="tanh"),
    layers.Dense(3, activation="softmax"),
])
model.compile(
    optimizer="adam",
    loss="categorical_crossentropy",
    metrics=["accuracy", keras.metrics.F1Score(average="macro")],
)
model.fit(X, y, epochs=2, batch_size=12, verbose=0)
print(model.evaluate(X, y, verbose=0, return_dict=True))
