"""Three soil properties from a spectrum; the lab measured only some for each sample."""
import keras
import numpy as np
from keras import layers

TARGETS = ["clay", "carbon", "ph"]
MEASURED = {"clay": 0.7, "carbon": 0.9, "ph": 0.35}


def samples(n, seed):
    rng = np.random.default_rng(seed)
    band = np.linspace(400, 2400, 80)
    clay = rng.beta(2, 3, n)
    carbon = rng.gamma(2, 1.0, n)
    ph = rng.normal(6.3, 0.8, n)
    spectrum = (
        0.2 + 0.1 * band / 1000
        - 0.2 * clay[:, None] * np.exp(-((band - 2200) ** 2) / 8000)
        - 0.05 * carbon[:, None] * np.exp(-((band - 650) ** 2) / 40000)
        - 0.06 * (ph[:, None] - 6) * np.exp(-((band - 1450) ** 2) / 20000)
        + rng.normal(0, 0.006, (n, 80))
    )
    values = {"clay": (clay - 0.4) / 0.2, "carbon": (carbon - 2) / 1.41, "ph": (ph - 6.3) / 0.8}
    y, w = {}, {}
    for name in TARGETS:
        known = rng.random(n) < MEASURED[name]
        # a placeholder of zero where there is no measurement, with weight zero
        y[name] = np.where(known, values[name], 0.0).astype("float32")[:, None]
        w[name] = known.astype("float32")
    return spectrum.astype("float32"), y, w


def run(callbacks):
    keras.utils.set_random_seed(55)
    x, y, w = samples(3000, 1)
    x_val, y_val, w_val = samples(600, 2)
    mean, std = x.mean(0), x.std(0)
    x, x_val = (x - mean) / std, (x_val - mean) / std

    inputs = keras.Input((80,))
    h = layers.Dense(48, activation="silu")(inputs)
    h = layers.Dense(24, activation="silu")(h)
    outputs = {name: layers.Dense(1, name=name)(h) for name in TARGETS}
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(2e-3),
        loss=dict.fromkeys(TARGETS, "mse"),
        weighted_metrics={name: ["mae"] for name in TARGETS},
    )
    return model.fit(
        x, y, sample_weight=w, batch_size=50, epochs=12,
        validation_data=(x_val, y_val, w_val), callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
