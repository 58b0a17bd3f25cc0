# Wrong: the schedule function returns nothing from epoch 2 on
# Mend: return lr * 0.5   (instead of lr = lr * 0.5)
import numpy as np
import keras

x = np.linspace(-1, 1, 50).reshape(-1, 1).astype("float32")
y = x ** 2


def step_decay(epoch, lr):
    if epoch < 2:
        return lr
    return lr * 0.5


model = keras.Sequential([
    keras.layers.Input(shape=(1,)),
    keras.layers.Dense(10, activation="tanh"),
    keras.layers.Dense(1),
])
model.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="mse")
lr_callback = keras.callbacks.LearningRateScheduler(step_decay)
history = model.fit(x, y, epochs=4, callbacks=[lr_callback], verbose=0)
print("last loss", history.history["loss"][-1])
