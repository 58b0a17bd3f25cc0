"""Learn the normal state of a ship engine with an autoencoder over 24 sensors, to raise an alarm at odd states.

Wrong: the sensors are standardised (mean 0, deviation 1) but the decoder ends with a sigmoid, whose values lie between 0 and 1. No
negative value and none above 1 can be rebuilt; the error stays high for all states and says nothing about odd ones.
Expected: target-out-of-range, output-activation-mismatch
"""
import keras
import numpy as np
from keras import layers
from sklearn.preprocessing import StandardScaler

SENSORS = 24


def engine_log(n=4000, seed=40):
    rng = np.random.default_rng(seed)
    load = rng.uniform(0.2, 1.0, n)
    sea = rng.normal(14, 4, n)
    wear = np.linspace(0, 1, n)
    hidden = np.stack([load, load**2, (sea - 14) / 4, wear, np.sin(5 * load)], axis=1)
    mixing = rng.normal(0, 1, (hidden.shape[1], SENSORS))
    level = rng.uniform(20, 400, SENSORS)
    return level + (hidden @ mixing + rng.normal(0, 0.05, (n, SENSORS))) * level * 0.05


def build():
    state = keras.Input((SENSORS,), name="state")
    h = layers.Dense(32, activation="elu", name="enc_1")(state)
    code = layers.Dense(5, name="code")(h)
    h = layers.Dense(32, activation="elu", name="dec_1")(code)
    rebuilt = layers.Dense(SENSORS, activation="sigmoid", name="rebuilt")(h)
    return keras.Model(state, rebuilt, name="engine_autoencoder")


def run(callbacks):
    keras.utils.set_random_seed(44)
    log = engine_log()
    order = np.random.default_rng(0).permutation(len(log))
    train, val = log[order[:3200]], log[order[3200:]]
    scaler = StandardScaler().fit(train)
    train = scaler.transform(train).astype("float32")
    val = scaler.transform(val).astype("float32")
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse")
    model.fit(train, train, batch_size=64, epochs=20, validation_data=(val, val), callbacks=callbacks, verbose=2)
    errors = np.square(model.predict(val, verbose=0) - val).mean(axis=1)
    print("alarm level: %.3f" % np.quantile(errors, 0.99))
    return model


if __name__ == "__main__":
    run([])
