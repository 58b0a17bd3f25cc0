"""Number of insurance claims per policy: Poisson loss, exponential output and log exposure as an offset. 90 % of the counts are 0."""
import keras
import numpy as np
import pandas as pd
from keras import layers


def policies(n=12000, seed=28):
    rng = np.random.default_rng(seed)
    df = pd.DataFrame({
        "age": rng.integers(18, 85, n),
        "power": rng.gamma(9, 9, n),
        "region": rng.integers(0, 6, n),
        "bonus": rng.uniform(50, 130, n),
        "exposure": rng.uniform(0.05, 1.0, n),
    })
    rate = np.exp(-2.0 + 0.03 * (df.bonus - 90) + 0.008 * (df.power - 80) + 1.0 * (df.age < 25)
                  + np.array([-0.6, -0.2, 0.0, 0.2, 0.4, 0.8])[df.region])
    df["claims"] = rng.poisson(rate * df.exposure)
    return df


class ClaimRate(keras.Model):
    def __init__(self, normalizer, base_rate):
        super().__init__()
        self.normalizer = normalizer
        self.region = layers.Embedding(6, 3)
        self.hidden = [layers.Dense(32, activation="tanh"), layers.Dense(16, activation="tanh")]
        self.log_rate = layers.Dense(1, kernel_initializer="zeros",
                                     bias_initializer=keras.initializers.Constant(np.log(base_rate)))

    def call(self, inputs):
        h = keras.ops.concatenate([self.normalizer(inputs["numbers"]), self.region(inputs["region"])], axis=-1)
        for layer in self.hidden:
            h = layer(h)
        return keras.ops.exp(self.log_rate(h) + inputs["log_exposure"])


def to_inputs(df):
    return {"numbers": df[["age", "power", "bonus"]].to_numpy("float32"), "region": df["region"].to_numpy("int32"),
            "log_exposure": np.log(df[["exposure"]].to_numpy("float32"))}


def run(callbacks):
    keras.utils.set_random_seed(36)
    df = policies()
    train, test = df[:9600], df[9600:]
    y_train, y_test = train[["claims"]].to_numpy("float32"), test[["claims"]].to_numpy("float32")
    norm = layers.Normalization()
    norm.adapt(to_inputs(train)["numbers"])

    base_rate = y_train.sum() / train.exposure.sum()
    model = ClaimRate(norm, base_rate)
    model.compile(keras.optimizers.Adam(2e-3), loss=keras.losses.Poisson())
    history = model.fit(to_inputs(train), y_train, validation_data=(to_inputs(test), y_test), batch_size=128, epochs=12,
                        callbacks=callbacks, verbose=2)
    flat = base_rate * test.exposure.to_numpy()[:, None]
    print("Poisson loss of the base rate:", float(np.mean(flat - y_test * np.log(flat))),
          "of the net:", history.history["val_loss"][-1])
    return history


if __name__ == "__main__":
    run([])
