# Wrong: one optimizer object trains two models; it was built for the variables of the first
# Mend: make a new optimizer for each model: optimizer=keras.optimizers.Adam(0.01)
import numpy as np
import keras
from keras import layers


def build(hidden):
    net = keras.Sequential([keras.Input((7,))])
    for units in hidden:
        net.add(layers.Dense(units, activation="relu"))
    net.add(layers.Dense(1))
    return net


X = np.random.rand(48, 7)
y = np.random.rand(48)
adam = keras.optimizers.Adam(0.01)

results = {}
for hidden in [(8,), (16,), (16, 8)]:
    net = build(hidden)
    net.compile(optimizer=adam, loss="mse")
    net.fit(X, y, epochs=2, verbose=0)
    results[hidden] = net.evaluate(X, y, verbose=0)
print(min(results, key=results.get))
