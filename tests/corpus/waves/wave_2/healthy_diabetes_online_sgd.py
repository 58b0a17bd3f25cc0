"""Online learning: one patient per step, plain SGD, as in a lecture on the delta rule.

Healthy: the losses are noisy, but it learns."""
import keras
import numpy as np
from sklearn.datasets import load_diabetes


def run(callbacks):
    keras.utils.set_random_seed(6)
    x, y = load_diabetes(return_X_y=True)
    x = x * np.sqrt(len(x))                       # the columns come with norm 1
    y = (y - y.mean()) / y.std()
    order = np.random.permutation(len(x))
    x, y = x[order], y[order]
    model = keras.Sequential([
        keras.layers.Input((10,)),
        keras.layers.Dense(12, activation="tanh"),
        keras.layers.Dense(1),
    ])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.004), loss="mse")
    model.fit(x[:350], y[:350], batch_size=1, epochs=4, validation_data=(x[350:], y[350:]), callbacks=callbacks, verbose=0)

    guess = model.predict(x[350:], batch_size=1, verbose=0)[:, 0]
    residual = np.mean((guess - y[350:]) ** 2)
    print("   explained variance on new patients:", round(1 - residual / np.var(y[350:]), 3))
