"""Cox proportional hazards: machines with censored running times, trained on the whole data as one batch, ordered by time.

The label is (time, failed) in one array. The loss needs the risk sets, so the batch is everything and shuffling is off on purpose.
"""
import numpy as np
import keras
from keras import layers, ops


def machines(n=900, seed=66):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (n, 6)).astype("float32")
    risk = 0.9 * x[:, 0] - 0.7 * x[:, 1] + 0.6 * x[:, 2] * x[:, 3]
    life = rng.exponential(1, n) * np.exp(-risk) * 400
    end = rng.uniform(100, 1500, n)
    time, failed = np.minimum(life, end), (life <= end).astype("float32")
    order = np.argsort(-time)
    return x[order], np.stack([time, failed], 1).astype("float32")[order]


def cox_loss(y_true, log_risk):
    """Negative partial log likelihood; rows come with the longest time first."""
    failed = y_true[:, 1]
    log_risk = log_risk[:, 0]
    log_set = ops.log(ops.cumsum(ops.exp(log_risk)) + 1e-8)
    return -ops.sum((log_risk - log_set) * failed) / ops.sum(failed)


def concordance(y_true, log_risk):
    time, failed = y_true[:, 0], y_true[:, 1]
    r = log_risk[:, 0]
    comparable = ops.cast((time[:, None] < time[None]), "float32") * failed[:, None]
    return ops.sum(comparable * ops.cast(r[:, None] > r[None], "float32")) / ops.sum(comparable)


def run(callbacks):
    keras.utils.set_random_seed(67)
    x, y = machines()
    pick = np.arange(len(x)) % 5 == 0
    x_train, y_train, x_val, y_val = x[~pick], y[~pick], x[pick], y[pick]
    model = keras.Sequential([
        keras.Input((6,)),
        layers.Dense(32, activation="tanh"),
        layers.Dropout(0.1),
        layers.Dense(16, activation="tanh"),
        layers.Dense(1, use_bias=False),
    ])
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=cox_loss, metrics=[concordance])
    return model.fit(x_train, y_train, batch_size=len(x_train), epochs=150, shuffle=False,
                     validation_data=(x_val, y_val), validation_batch_size=len(x_val), callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    run([])
