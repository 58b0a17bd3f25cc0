"""Insurance claim frequency: Poisson loss, log link, and the exposure time as an offset that skips the network.

Most targets are 0 and that is how claims are. The output is exp(network + log exposure) and so always positive.
"""
import numpy as np
import pandas as pd
import keras
from keras import layers, ops


def policies(n=12000):
    rng = np.random.default_rng(8)
    df = pd.DataFrame({
        "age": rng.integers(18, 85, n), "power": rng.integers(40, 220, n),
        "region": rng.integers(0, 6, n), "exposure": rng.uniform(0.1, 1.0, n),
    })
    effect = np.array([-0.9, 0.0, 0.3, 1.0, -0.3, 0.6])[df.region]
    rate = np.exp(-1.9 + 1.2 * np.exp(-(df.age - 18) / 8) + 0.012 * (df.power - 130) + effect)
    df["claims"] = rng.poisson(rate * df.exposure).astype("float32")
    return df


def as_inputs(df):
    numbers = np.stack([(df.age - 50) / 20.0, (df.power - 130) / 50.0], axis=1).astype("float32")
    return {"numbers": numbers, "region": df.region.to_numpy()[:, None],
            "log_exposure": np.log(df.exposure.to_numpy("float32"))[:, None]}


def run(callbacks):
    keras.utils.set_random_seed(8)
    df = policies()
    train, test = df.iloc[:9500], df.iloc[9500:]
    numbers = keras.Input((2,), name="numbers")
    region = keras.Input((1,), name="region", dtype="int32")
    offset = keras.Input((1,), name="log_exposure")
    r = layers.Flatten()(layers.Embedding(6, 2)(region))
    h = layers.Concatenate()([numbers, r])
    h = layers.Dense(24, activation="tanh")(h)
    h = layers.Dense(12, activation="tanh")(h)
    eta = layers.Dense(1, bias_initializer=keras.initializers.Constant(-1.8))(h)
    rate = layers.Activation(ops.exp, name="rate")(layers.Add()([eta, offset]))
    model = keras.Model([numbers, region, offset], rate)
    model.compile(keras.optimizers.Adam(3e-3), loss=keras.losses.Poisson())
    history = model.fit(as_inputs(train), train.claims.to_numpy()[:, None],
                        validation_data=(as_inputs(test), test.claims.to_numpy()[:, None]),
                        batch_size=200, epochs=12, callbacks=callbacks, verbose=0)
    predicted = model.predict(as_inputs(test), verbose=0).ravel()
    print("claims", test.claims.sum(), "predicted", predicted.sum(), "spread", predicted.std())
    return history


if __name__ == "__main__":
    print(run([]).history["val_loss"])
