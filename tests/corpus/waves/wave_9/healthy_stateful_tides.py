"""Tide level with a stateful GRU: sixteen harbours side by side, chunk after chunk in order, states reset at each epoch."""
import numpy as np
import keras
from keras import layers

HARBOURS, CHUNK = 16, 24


class ResetStates(keras.callbacks.Callback):
    def _reset(self):
        for layer in self.model.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()

    def on_epoch_begin(self, epoch, logs=None):
        self._reset()

    def on_test_begin(self, logs=None):
        self._reset()


def tides(hours, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(hours)[:, None]
    phase = rng.uniform(0, 2 * np.pi, (4, HARBOURS))
    level = np.sin(2 * np.pi * t / 12.42 + phase[0]) + 0.4 * np.sin(2 * np.pi * t / 12.0 + phase[1]) + 0.3 * np.sin(
        2 * np.pi * t / 25.82 + phase[2])
    return (level + rng.normal(0, 0.05, level.shape)).astype("float32")


def chunks(level):
    """(time, harbour) to batches of harbours: batch k holds the k-th chunk of every harbour."""
    steps = (len(level) - 1) // CHUNK
    x = level[:steps * CHUNK].reshape(steps, CHUNK, HARBOURS).transpose(0, 2, 1).reshape(-1, CHUNK, 1)
    y = level[1:steps * CHUNK + 1].reshape(steps, CHUNK, HARBOURS).transpose(0, 2, 1).reshape(-1, CHUNK, 1)
    return x, y


def run(callbacks):
    keras.utils.set_random_seed(23)
    level = tides(1100, 1)
    x, y = chunks(level[:900])
    x_val, y_val = chunks(level[900:])
    model = keras.Sequential([
        keras.Input(batch_shape=(HARBOURS, CHUNK, 1)),
        layers.GRU(32, return_sequences=True, stateful=True),
        layers.TimeDistributed(layers.Dense(1)),
    ])
    model.compile(optimizer=keras.optimizers.RMSprop(3e-3), loss="mse", metrics=["mae"])
    return model.fit(x, y, batch_size=HARBOURS, epochs=15, shuffle=False, validation_data=(x_val, y_val),
                     validation_batch_size=HARBOURS, callbacks=[ResetStates(), *callbacks], verbose=2)


if __name__ == "__main__":
    run([])
