"""Chance that a car policy files a claim, from a policy export with a region embedding.

Wrong: the numeric columns go in as exported (vehicle value in cents, mileage, policy start as Unix seconds around 1.6e9), with no
scaling at all; the first layer is swamped by the timestamp, and the loss jumps about in the thousands and never becomes useful.
Expected: feature-scale-disparity, unnormalized-input
"""
import numpy as np
import pandas as pd
import keras
from keras import layers

REGIONS = ["north", "south", "east", "west", "islands"]
NUMERIC = ["policy_start", "vehicle_value_cents", "mileage", "driver_age", "bonus_class"]


def policy_export(n=6000, seed=4):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "policy_start": rng.integers(1_560_000_000, 1_690_000_000, n),
        "vehicle_value_cents": (rng.lognormal(9.3, 0.6, n) * 100).round(),
        "mileage": rng.gamma(3.0, 25_000, n).round(),
        "driver_age": rng.integers(18, 85, n),
        "bonus_class": rng.integers(1, 12, n),
        "region": rng.choice(REGIONS, n),
    })
    risk = (0.9 * (frame.driver_age < 26) + 0.000012 * (frame.mileage - 70_000) - 0.22 * (frame.bonus_class - 6)
            + frame.region.map({"north": 0.5, "south": -0.4, "east": 0.0, "west": 0.3, "islands": -0.6}))
    frame["claim"] = (rng.random(n) < 1 / (1 + np.exp(-1.6 * (risk - 0.3)))).astype(int)
    return frame


def build():
    numeric = keras.Input(shape=(len(NUMERIC),), name="numeric")
    region = keras.Input(shape=(1,), dtype="int32", name="region")
    where = layers.Flatten()(layers.Embedding(len(REGIONS), 3)(region))
    x = layers.Concatenate()([numeric, where])
    x = layers.Dense(48, activation="relu")(x)
    x = layers.Dense(24, activation="relu")(x)
    out = layers.Dense(1, activation="sigmoid", name="claim")(x)
    model = keras.Model([numeric, region], out)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    return model


def run(callbacks):
    keras.utils.set_random_seed(12)
    frame = policy_export()
    train = frame.sample(frac=0.8, random_state=1)
    valid = frame.drop(train.index)

    def inputs(part):
        return {"numeric": part[NUMERIC].to_numpy("float32"),
                "region": part.region.map(REGIONS.index).to_numpy("int32")[:, None]}

    model = build()
    return model.fit(inputs(train), train.claim.to_numpy("float32"), batch_size=64, epochs=8,
                     validation_data=(inputs(valid), valid.claim.to_numpy("float32")), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
