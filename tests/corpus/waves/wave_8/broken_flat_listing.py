"""Property listings: one net with two heads, the asking price in euros and the energy class (A, B, C, D).

Wrong: the price goes in as raw euros with a mean squared error of about 1e11, the energy class with a cross-entropy of about 1, and
``loss_weights`` isn't set nor the price scaled. The shared layers work for the price alone; the energy class starts to learn and then falls back to chance.

Expected: dominant-loss, unscaled-target
"""
import keras
import numpy as np
from keras import layers


def listings(n=3000, seed=12):
    rng = np.random.default_rng(seed)
    area = rng.gamma(6, 16, n)
    built = rng.integers(1900, 2024, n)
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 0.7, n)), 1, 9)
    centre_km = rng.exponential(5, n)
    glazing = rng.integers(1, 4, n)
    heat_pump = rng.random(n) < 0.2
    insulation = rng.normal(12, 5, n).clip(0, 30)
    price = 3200 * area * np.exp(-0.04 * centre_km) * (1 + 0.1 * heat_pump) + rng.normal(0, 15000, n)
    score = 0.03 * (built - 1960) + 0.15 * (insulation - 12) + 0.8 * (glazing - 2) + 1.5 * heat_pump + rng.normal(0, 0.4, n)
    energy = np.digitize(-score, np.quantile(-score, [0.25, 0.5, 0.75]))
    X = np.column_stack([area, built, rooms, centre_km, glazing, heat_pump, insulation]).astype("float32")
    return X, price.astype("float32"), energy.astype("int32")


def run(callbacks):
    keras.utils.set_random_seed(9)
    X, price, energy = listings()
    n_train = 2400
    norm = layers.Normalization()
    norm.adapt(X[:n_train])

    inp = keras.Input((X.shape[1],), name="listing")
    h = norm(inp)
    h = layers.Dense(64, activation="relu")(h)
    h = layers.Dense(64, activation="relu")(h)
    price_out = layers.Dense(1, name="price")(h)
    energy_out = layers.Dense(4, activation="softmax", name="energy")(h)
    model = keras.Model(inp, {"price": price_out, "energy": energy_out})
    model.compile(
        optimizer=keras.optimizers.Adam(3e-3),
        loss={"price": "mse", "energy": "sparse_categorical_crossentropy"},
        metrics={"price": ["mae"], "energy": ["accuracy"]},
    )
    return model.fit(
        X[:n_train], {"price": price[:n_train], "energy": energy[:n_train]},
        validation_data=(X[n_train:], {"price": price[n_train:], "energy": energy[n_train:]}),
        epochs=25, batch_size=64, callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
