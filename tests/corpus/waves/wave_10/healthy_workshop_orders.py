"""Predict the hours of workshop orders from a frame with text columns, looked up in the tf.data pipeline; seldom values become unknown."""
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

BRANDS = ["Alma", "Brock", "Corvo", "Delta", "Ekho", "Fenn", "Gotha", "Hirst"]
JOBS = ["brakes", "clutch", "exhaust", "gearbox", "inspection", "paint", "tyres", "windscreen"]


def orders(n=4000, seed=54):
    rng = np.random.default_rng(seed)
    brand = rng.integers(0, len(BRANDS), n)
    job = rng.integers(0, len(JOBS), n)
    age = rng.gamma(2.0, 3.5, n)
    km = age * rng.uniform(6000, 22000, n)
    base = np.array([1.5, 5.0, 1.8, 7.0, 1.2, 4.0, 0.8, 1.6])[job]
    dear = np.linspace(0.8, 1.5, len(BRANDS))[brand]
    hours = base * dear * (1 + 0.02 * age) * rng.lognormal(0, 0.1, n)
    brand_name = np.array(BRANDS, dtype=object)[brand]
    odd = rng.random(n) < 0.01
    brand_name[odd] = [f"import {i}" for i in range(odd.sum())]
    return pd.DataFrame({"brand": brand_name, "job": np.array(JOBS, dtype=object)[job], "age": age, "km": km, "hours": hours})


def run(callbacks):
    keras.utils.set_random_seed(54)
    frame = orders()
    train = frame.sample(frac=0.8, random_state=54)
    val = frame.drop(train.index)
    find_brand = layers.StringLookup(vocabulary=BRANDS, name="find_brand")
    find_job = layers.StringLookup(vocabulary=JOBS, name="find_job")
    centre = train[["age", "km"]].mean().to_numpy("float32")
    spread = train[["age", "km"]].std().to_numpy("float32")

    def prepare(row, hours):
        numbers = (tf.stack([row["age"], row["km"]], axis=-1) - centre) / spread
        return {"brand": find_brand(row["brand"]), "job": find_job(row["job"]), "numbers": numbers}, tf.math.log(hours)

    def dataset(part, shuffle):
        columns = {"brand": part.brand.to_numpy(str), "job": part.job.to_numpy(str),
                   "age": part.age.to_numpy("float32"), "km": part.km.to_numpy("float32")}
        ds = tf.data.Dataset.from_tensor_slices((columns, part.hours.to_numpy("float32")))
        if shuffle:
            ds = ds.shuffle(len(part), seed=2)
        return ds.batch(40).map(prepare, num_parallel_calls=2).prefetch(2)

    brand = keras.Input((), dtype="int64", name="brand")
    job = keras.Input((), dtype="int64", name="job")
    numbers = keras.Input((2,), name="numbers")
    h = layers.Concatenate(name="all")([
        layers.Embedding(len(BRANDS) + 1, 4, name="brand_vector")(brand),
        layers.Embedding(len(JOBS) + 1, 4, name="job_vector")(job),
        numbers,
    ])
    h = layers.Dense(32, activation="relu", name="h")(h)
    log_hours = layers.Dense(1, name="log_hours")(h)
    model = keras.Model({"brand": brand, "job": job, "numbers": numbers}, log_hours)
    model.compile(keras.optimizers.Adam(3e-3), "mse", metrics=["mae"])
    model.fit(dataset(train, True), validation_data=dataset(val, False), epochs=15, callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
