"""Estimate the sale price of flats from area, age, floor, walk to the station and ward.

Wrong: the target is the plain price in yen (some 20 to 150 million) under mean squared error with Adam at 1e-3. The single linear
output starts near zero and can move only some units per epoch, so it never comes near the prices; the target had to be scaled.
Expected: unscaled-target
"""
import keras
import numpy as np
import pandas as pd
from keras import layers


def make_frame(n=3200, seed=4):
    rng = np.random.default_rng(seed)
    ward = rng.integers(0, 23, n)
    ward_level = rng.uniform(0.6, 1.8, 23)
    area = rng.gamma(8, 7, n) + 15
    age = rng.integers(0, 50, n)
    floor = rng.integers(1, 30, n)
    walk = rng.integers(1, 25, n)
    per_sqm = 1_050_000 * ward_level[ward] * np.exp(-0.018 * age - 0.012 * walk + 0.006 * floor)
    price = per_sqm * area * rng.lognormal(0, 0.08, n)
    return pd.DataFrame({"ward": ward, "area": area, "age": age, "floor": floor, "walk": walk, "price": price.round(-5)})


def run(callbacks):
    keras.utils.set_random_seed(11)
    frame = make_frame()
    numbers = ["area", "age", "floor", "walk"]
    train = frame.sample(frac=0.8, random_state=1)
    test = frame.drop(train.index)
    mean, std = train[numbers].mean(), train[numbers].std()

    def features(part):
        return {"ward": part["ward"].to_numpy("int32"),
                "numbers": ((part[numbers] - mean) / std).to_numpy("float32")}

    ward_in = keras.Input((), dtype="int32", name="ward")
    numbers_in = keras.Input((len(numbers),), name="numbers")
    ward_vec = layers.Embedding(23, 6, name="ward_embedding")(ward_in)
    x = layers.Concatenate(name="joined")([ward_vec, numbers_in])
    x = layers.Dense(64, activation="relu", name="hidden_1")(x)
    x = layers.Dense(32, activation="relu", name="hidden_2")(x)
    price = layers.Dense(1, name="price")(x)
    model = keras.Model({"ward": ward_in, "numbers": numbers_in}, price)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
    model.fit(features(train), train["price"].to_numpy("float32"), batch_size=32, epochs=25,
              validation_data=(features(test), test["price"].to_numpy("float32")), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
