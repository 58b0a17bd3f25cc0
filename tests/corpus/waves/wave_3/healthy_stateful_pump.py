"""Stateful LSTM over eight parallel pump recordings: batch of eight, no shuffling, memory cleared after each pass."""
import numpy as np
import keras
from keras import layers

STREAMS, CHUNK, CHUNKS = 8, 20, 45


def recordings(seed):
    """Eight noisy recordings; the target is the slow (leaky) sum of the shocks seen so far."""
    rng = np.random.default_rng(seed)
    n = CHUNK * CHUNKS
    shock = rng.normal(0, 1, (STREAMS, n)) * (rng.random((STREAMS, n)) < 0.15)
    wear = np.zeros((STREAMS, n))
    for t in range(1, n):
        wear[:, t] = 0.95 * wear[:, t - 1] + shock[:, t]
    x = shock + rng.normal(0, 0.05, shock.shape)
    return x.astype("float32"), wear.astype("float32")


def chunks(x, y):
    """Orders the pieces so that row k of each batch goes on where row k of the batch before ended."""
    xs = x.reshape(STREAMS, CHUNKS, CHUNK).transpose(1, 0, 2).reshape(-1, CHUNK, 1)
    ys = y.reshape(STREAMS, CHUNKS, CHUNK).transpose(1, 0, 2).reshape(-1, CHUNK, 1)
    return xs, ys


class ClearMemory(keras.callbacks.Callback):
    def __init__(self, lstm):
        super().__init__()
        self.lstm = lstm

    def on_epoch_begin(self, epoch, logs=None):
        self.lstm.reset_state()

    def on_test_begin(self, logs=None):
        self.lstm.reset_state()


def run(callbacks):
    keras.utils.set_random_seed(41)
    x, y = chunks(*recordings(1))
    vx, vy = chunks(*recordings(2))
    lstm = layers.LSTM(24, stateful=True, return_sequences=True)
    model = keras.Sequential([
        keras.Input(batch_shape=(STREAMS, CHUNK, 1)),
        lstm,
        layers.Dense(1),
    ])
    model.compile(optimizer=keras.optimizers.Adam(3e-3, clipnorm=1.0), loss="mse")
    hist = model.fit(x, y, batch_size=STREAMS, epochs=12, shuffle=False, validation_data=(vx, vy),
                     callbacks=[ClearMemory(lstm)] + list(callbacks or []), verbose=0)
    print("variance of the target:", round(float(vy.var()), 3), "error:", round(hist.history["val_loss"][-1], 3))
    return hist


if __name__ == "__main__":
    run([])
