"""Stateful LSTM over 16 parallel patient streams, chunks in time order, not shuffled; the state is reset at each epoch."""
import keras
import numpy as np
from keras import layers

STREAMS, CHUNK, CHUNKS = 16, 20, 40


def record(seed, total):
    """Doses of a drug arrive at random; the blood level is what is left of all of them, over several chunks."""
    rng = np.random.default_rng(seed)
    doses = (rng.random((STREAMS, total)) < 0.05) * rng.uniform(0.3, 1.0, (STREAMS, total)).astype("float32")
    level = np.zeros((STREAMS, total), "float32")
    for t in range(1, total):
        level[:, t] = 0.95 * level[:, t - 1] + doses[:, t]
    return doses, level


def chunked(doses, level):
    """Row k of every batch continues row k of the batch before."""
    x = doses.reshape(STREAMS, -1, CHUNK).transpose(1, 0, 2).reshape(-1, CHUNK, 1)
    y = level.reshape(STREAMS, -1, CHUNK).transpose(1, 0, 2).reshape(-1, CHUNK, 1)
    return x, y


class ResetState(keras.callbacks.Callback):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def on_epoch_begin(self, epoch, logs=None):
        self.layer.reset_state()

    def on_test_begin(self, logs=None):
        self.layer.reset_state()


def run(callbacks):
    keras.utils.set_random_seed(13)
    x, y = chunked(*record(1, CHUNK * CHUNKS))
    xv, yv = chunked(*record(2, CHUNK * 15))
    lstm = layers.LSTM(24, stateful=True, return_sequences=True)
    model = keras.Sequential([keras.Input((CHUNK, 1), batch_size=STREAMS), lstm, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(5e-3, clipnorm=1.0), "mse", metrics=["mae"])
    model.fit(x, y, batch_size=STREAMS, shuffle=False, epochs=25, validation_data=(xv, yv), verbose=2,
              callbacks=[ResetState(lstm)] + list(callbacks or []))
    return model
