"""Cox regression: how soon bearings fail. Labels pack time and event in two columns."""
import keras
import numpy as np
from keras import layers, ops


def bearings(n, seed):
    rng = np.random.default_rng(seed)
    load = rng.normal(size=n)
    speed = rng.normal(size=n)
    oil = rng.integers(0, 3, n)
    risk = 0.9 * load + 0.5 * load * speed - 0.8 * (oil == 1) + 0.4 * (oil == 2)
    time = rng.weibull(1.5, n) * 30 * np.exp(-risk / 1.5)
    watched = rng.uniform(10, 90, n)
    event = time <= watched
    x = np.column_stack([load, speed, np.eye(3)[oil]])
    y = np.column_stack([np.minimum(time, watched), event])
    return x.astype("float32"), y.astype("float32")


def cox_loss(y_true, risk):
    time, event = y_true[:, 0], y_true[:, 1]
    risk = risk[:, 0]
    at_risk = ops.cast(time[None, :] >= time[:, None], "float32")
    total = ops.logsumexp(risk[None, :] + (1.0 - at_risk) * -1e9, axis=1)
    return -ops.sum(event * (risk - total)) / ops.maximum(ops.sum(event), 1.0)


def concordance(y_true, risk):
    """Share of comparable pairs in which the earlier failure had the higher risk."""
    time, event = y_true[:, 0], y_true[:, 1]
    risk = risk[:, 0]
    pair = ops.cast(time[:, None] < time[None, :], "float32") * event[:, None]
    right = ops.cast(risk[:, None] > risk[None, :], "float32")
    return ops.sum(pair * right) / ops.maximum(ops.sum(pair), 1.0)


def run(callbacks):
    keras.utils.set_random_seed(59)
    x, y = bearings(3000, 1)
    x_val, y_val = bearings(600, 2)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(24, activation="tanh"),
            layers.Dense(12, activation="tanh"),
            layers.Dense(1, use_bias=False),  # a constant cancels in the Cox loss
        ]
    )
    model.compile(keras.optimizers.Adam(3e-3), loss=cox_loss, metrics=[concordance])
    return model.fit(
        x, y, batch_size=200, epochs=20, validation_data=(x_val, y_val),
        validation_batch_size=200, callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
