"""Value second-hand ships of millions of dollars; the scale lives inside the model."""
import keras
import numpy as np
from keras import layers, ops


def ships(n, seed):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 4, n)
    age = rng.uniform(0, 28, n)
    tons = rng.lognormal(np.array([10.0, 10.8, 11.3, 9.2])[kind], 0.35)
    scrubber = rng.integers(0, 2, n)
    dollars = (
        np.array([900, 700, 620, 2500])[kind] * tons**0.95
        * np.exp(-0.07 * age) * (1 + 0.08 * scrubber) * rng.lognormal(0, 0.06, n)
    )
    numbers = np.stack([age, np.log(tons), scrubber], axis=1)
    return {"kind": kind.astype("int32"), "numbers": numbers.astype("float32")}, (
        dollars[:, None].astype("float32")
    )


class ShipValue(keras.Model):
    """Predicts a logarithm and returns dollars."""

    def __init__(self, numbers, dollars):
        super().__init__()
        self.scale = layers.Normalization()
        self.scale.adapt(numbers)
        self.kind = layers.Embedding(4, 3)
        self.body = keras.Sequential(
            [layers.Dense(32, activation="gelu"), layers.Dense(32, activation="gelu")]
        )
        self.head = layers.Dense(1)
        self.log_mean = float(np.log(dollars).mean())

    def call(self, inputs):
        h = ops.concatenate(
            [self.kind(inputs["kind"]), self.scale(inputs["numbers"])], axis=-1
        )
        return ops.exp(self.log_mean + self.head(self.body(h)))


def run(callbacks):
    keras.utils.set_random_seed(44)
    x, y = ships(4000, 1)
    x_val, y_val = ships(800, 2)
    model = ShipValue(x["numbers"], y)
    # relative errors matter: msle compares logarithms of the dollars
    model.compile(
        keras.optimizers.Adam(2e-3),
        loss="mean_squared_logarithmic_error",
        metrics=["mape"],
    )
    return model.fit(
        x, y, batch_size=64, epochs=15, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
