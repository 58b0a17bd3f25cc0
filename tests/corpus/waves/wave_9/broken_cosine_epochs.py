"""Wave heights at a buoy from wind fields, trained with a cosine learning rate "over all 12 epochs".

Wrong: CosineDecay counts optimizer steps, and decay_steps is set to the number of epochs; the learning rate is zero after 12 batches
of the first epoch, and the other 700 steps change nothing.
Expected: learning-rate-too-low
"""
import numpy as np
import keras
from keras import layers

EPOCHS = 12


def sea(n=2400, seed=25):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[0:12, 0:12] / 11.0
    centre = rng.uniform(0, 1, (n, 2))
    strength = rng.uniform(4, 25, n)
    size = rng.uniform(0.15, 0.5, n)
    d2 = (yy[None] - centre[:, 0, None, None]) ** 2 + (xx[None] - centre[:, 1, None, None]) ** 2
    wind = strength[:, None, None] * np.exp(-d2 / size[:, None, None] ** 2) + rng.normal(0, 0.6, (n, 12, 12))
    fetch = (wind * (1 - xx)[None]).mean((1, 2))
    height = 0.25 * np.clip(fetch, 0, None) ** 1.2
    return wind.astype("float32"), (height + rng.normal(0, 0.03, n)).astype("float32")


class LogEpoch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(f"epoch {epoch + 1}: mae {logs['mae']:.3f} / {logs['val_mae']:.3f}")


def run(callbacks):
    keras.utils.set_random_seed(26)
    wind, height = sea()
    wind = wind[..., None] / 10.0
    mean, std = height[:1920].mean(), height[:1920].std()
    target = (height - mean) / std

    inp = keras.Input((12, 12, 1))
    h = layers.Conv2D(16, 3, activation="relu")(inp)
    h = layers.Conv2D(16, 3, strides=2, activation="relu")(h)
    h = layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(1)(h))
    schedule = keras.optimizers.schedules.CosineDecay(initial_learning_rate=2e-3, decay_steps=EPOCHS)
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss="mse", metrics=["mae"])
    return model.fit(wind[:1920], target[:1920], batch_size=32, epochs=EPOCHS,
                     validation_data=(wind[1920:], target[1920:]), callbacks=[LogEpoch(), *callbacks], verbose=0)


if __name__ == "__main__":
    run([])
