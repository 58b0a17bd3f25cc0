"""KerasTuner: a random search over width and learning rate, two trials of a few epochs each."""
import tempfile

import keras
import keras_tuner
import numpy as np
from keras import layers


def build(hp):
    model = keras.Sequential([layers.Input((10,))])
    model.add(layers.Dense(hp.Choice("units", [16, 32, 64]), activation="relu"))
    if hp.Boolean("second_layer"):
        model.add(layers.Dense(16, activation="relu"))
    model.add(layers.Dense(1))
    rate = hp.Float("learning_rate", 2e-3, 1e-2, sampling="log")
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="mse", metrics=["mae"])
    return model


def run(callbacks):
    rng = np.random.default_rng(66)
    keras.utils.set_random_seed(66)
    x = rng.uniform(-1, 1, (1200, 10)).astype("float32")            # Friedman's function, in -1..1
    y = (np.sin(np.pi * x[:, 0] * x[:, 1]) + 2 * (x[:, 2]) ** 2 + x[:, 3] + 0.5 * x[:, 4] + rng.normal(0, 0.1, 1200))
    y = (y - y[:1000].mean()) / y[:1000].std()
    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.RandomSearch(build, objective="val_loss", max_trials=2, seed=66, directory=folder,
                                         project_name="friedman", overwrite=True)
        tuner.search(x[:1000], y[:1000], epochs=4, batch_size=32, validation_data=(x[1000:], y[1000:]),
                     callbacks=callbacks, verbose=0)
        best = tuner.get_best_hyperparameters(1)[0]
    model = build(best)
    model.fit(x[:1000], y[:1000], epochs=5, batch_size=32, validation_data=(x[1000:], y[1000:]), callbacks=callbacks,
              verbose=0)
