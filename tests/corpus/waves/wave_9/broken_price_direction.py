"""Up or down on the next bar of a synthetic market, from a window of past returns (temporal convolution).

Wrong: np.sign makes the labels -1 and +1, but the loss is binary crossentropy on a sigmoid, which wants 0 and 1; the loss goes far
below zero as the model pushes every "down" bar as low as it can, and accuracy means nothing.
Expected: label-loss-mismatch, target-out-of-range, unsuitable-loss
"""
import numpy as np
import keras
from keras import layers

WINDOW = 32


def market(n=6000, seed=70):
    rng = np.random.default_rng(seed)
    r = np.zeros(n)
    shock = rng.normal(0, 1, n)
    for t in range(3, n):
        r[t] = 0.55 * r[t - 1] - 0.35 * r[t - 2] + 0.2 * r[t - 3] + shock[t]
    return 0.004 * r


def windows(returns):
    view = np.lib.stride_tricks.sliding_window_view(returns, WINDOW)[:-1]
    nxt = returns[WINDOW:]
    return view[..., None].astype("float32"), np.sign(nxt).astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(71)
    returns = market()
    cut = 4800
    sigma = returns[:cut].std()
    x_train, y_train = windows(returns[:cut] / sigma)
    x_val, y_val = windows(returns[cut:] / sigma)

    inp = keras.Input((WINDOW, 1))
    h = inp
    for dilation in (1, 2, 4, 8):
        h = layers.Conv1D(16, 3, padding="causal", dilation_rate=dilation, activation="relu")(h)
    h = layers.Lambda(lambda t: t[:, -1])(h)
    up = layers.Dense(1, activation="sigmoid", name="up")(h)
    model = keras.Model(inp, up)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, batch_size=64, epochs=6, validation_data=(x_val, y_val), callbacks=callbacks,
                     verbose=2)


if __name__ == "__main__":
    run([])
