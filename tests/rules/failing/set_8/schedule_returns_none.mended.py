import numpy as np
import keras
from keras.callbacks import LearningRateScheduler


def step_decay(epoch, lr):
    if epoch == 0:
        return 0.05
    elif epoch == 1:
        return lr * 0.5
    print("keeping", lr)
    return lr


rng = np.random.RandomState(7)
X = rng.rand(80, 3)
y = X @ np.array([1.0, -2.0, 0.5])

model = keras.Sequential([
    keras.layers.Input((3,)),
    keras.layers.Dense(6, activation="selu"),
    keras.layers.Dense(1),
])
model.compile(loss="mse", optimizer=keras.optimizers.SGD(momentum=0.9))
h = model.fit(X, y, epochs=4, verbose=0, callbacks=[LearningRateScheduler(step_decay)])
print(h.history["loss"][-1])
