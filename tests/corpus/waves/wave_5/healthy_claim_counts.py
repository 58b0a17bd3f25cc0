"""Counts of insurance claims, mostly zero, by Poisson loss with the exposure as an offset under the exponential."""
import keras
import numpy as np
from keras import layers


def policies(n=20000):
    rng = np.random.default_rng(113)
    age = rng.uniform(18, 85, n)
    power = rng.integers(40, 200, n).astype(float)
    region = rng.integers(0, 5, n)
    exposure = rng.uniform(0.1, 1.0, n)
    effect = np.array([-0.9, 0.0, 0.5, 0.9, -0.4])
    log_rate = -1.9 + 1.6 * np.exp(-(age - 18) / 10) + 0.008 * (power - 100) + effect[region]
    claims = rng.poisson(exposure * np.exp(log_rate))
    x = np.column_stack([(age - 50) / 20, (power - 110) / 45, np.eye(5)[region]])
    return x.astype("float32"), np.log(exposure).astype("float32")[:, None], claims.astype("float32")[:, None]


def deviance(y, mu):
    return 2 * np.mean(np.where(y > 0, y * np.log(np.maximum(y, 1) / mu), 0) - (y - mu))


def run(callbacks):
    keras.utils.set_random_seed(13)
    x, log_exposure, claims = policies()
    cut = 16000
    start = float(np.log(claims[:cut].sum() / np.exp(log_exposure[:cut]).sum()))

    features, offset = keras.Input((x.shape[1],), name="features"), keras.Input((1,), name="log_exposure")
    h = layers.Dense(24, activation="tanh")(features)
    h = layers.Dense(12, activation="tanh")(h)
    log_rate = layers.Dense(1, bias_initializer=keras.initializers.Constant(start), kernel_initializer="zeros")(h)
    mean = layers.Activation("exponential")(layers.Add()([log_rate, offset]))
    model = keras.Model([features, offset], mean)
    model.compile(keras.optimizers.Adam(2e-3), loss="poisson")
    hist = model.fit([x[:cut], log_exposure[:cut]], claims[:cut], batch_size=128, epochs=10,
                     validation_data=([x[cut:], log_exposure[cut:]], claims[cut:]), callbacks=callbacks, verbose=2)
    mu = model.predict([x[cut:], log_exposure[cut:]], verbose=0)
    print("deviance", deviance(claims[cut:], mu), "constant rate",
          deviance(claims[cut:], np.exp(start + log_exposure[cut:])), "total", mu.sum(), claims[cut:].sum())
    return hist
