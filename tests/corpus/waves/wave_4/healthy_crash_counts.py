"""Poisson regression of accidents per crossing; four in five crossings have none."""
import keras
import numpy as np
from keras import layers


def crossings(n, seed):
    rng = np.random.default_rng(seed)
    traffic = rng.lognormal(8.0, 0.8, n)
    speed = rng.choice([30, 50, 70], n, p=[0.4, 0.45, 0.15])
    lights = rng.integers(0, 2, n)
    arms = rng.choice([3, 4, 5], n, p=[0.5, 0.45, 0.05])
    years = rng.uniform(0.5, 3, n)
    rate = 0.08 * (traffic / 3000) ** 0.9 * (speed / 50) ** 2 * np.where(lights, 0.5, 1.0)
    rate *= 1 + 0.5 * (arms - 3)
    counts = rng.poisson(rate * years)
    x = np.stack([np.log(traffic) - 8, (speed - 45) / 15, lights, arms - 3.5], 1)
    return {
        "site": x.astype("float32"),
        "log_years": np.log(years).astype("float32")[:, None],
    }, counts.astype("float32")[:, None]


def run(callbacks):
    keras.utils.set_random_seed(48)
    x, y = crossings(9000, 1)
    x_val, y_val = crossings(2000, 2)
    site = keras.Input((4,), name="site")
    exposure = keras.Input((1,), name="log_years")
    h = layers.Dense(24, activation="tanh")(site)
    log_rate = layers.Dense(
        1, bias_initializer=keras.initializers.Constant(np.log(y.mean() / 1.75))
    )(h)
    expected = layers.Activation("exponential")(layers.Add()([log_rate, exposure]))
    model = keras.Model([site, exposure], expected)
    model.compile(keras.optimizers.Adam(3e-3), loss="poisson", metrics=["mae"])
    return model.fit(
        x, y, batch_size=128, epochs=12, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
