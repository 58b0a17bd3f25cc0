"""Loan defaults from a mixed pandas frame; FeatureSpace turns words, numbers and a crossing into one vector."""
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers
from keras.utils import FeatureSpace


def loans(n=6000):
    rng = np.random.default_rng(117)
    df = pd.DataFrame({
        "income": rng.lognormal(10.4, 0.5, n).astype("float32"),
        "amount": rng.lognormal(9.3, 0.7, n).astype("float32"),
        "purpose": rng.choice(["car", "home", "study", "business"], n, p=[0.4, 0.3, 0.1, 0.2]),
        "housing": rng.choice(["rent", "own", "family"], n),
        "late_payments": rng.poisson(0.6, n).astype("int64"),
        "age": rng.uniform(20, 75, n).astype("float32"),
    })
    z = (1.6 * (np.log(df.amount) - np.log(df.income) + 1.1) + 0.9 * df.late_payments - 1.6
         + ((df.purpose == "business") & (df.housing == "rent")) * 2.0 - (df.housing == "own") * 0.7
         - 0.02 * (df.age - 45))
    df["default"] = (rng.random(n) < 1 / (1 + np.exp(-1.4 * z))).astype("int64")
    return df


def as_dataset(df, shuffle):
    columns = df.copy()
    y = columns.pop("default")
    ds = tf.data.Dataset.from_tensor_slices(({k: v.to_numpy(object if v.dtype.kind not in "fi" else v.dtype)
                                              for k, v in columns.items()}, y.to_numpy()))
    return ds.shuffle(len(df), seed=0) if shuffle else ds


def run(callbacks):
    keras.utils.set_random_seed(17)
    df = loans()
    df["share"] = np.log(df["amount"] / df["income"])
    train, val = as_dataset(df.iloc[:4800], True).batch(64), as_dataset(df.iloc[4800:], False).batch(256)
    space = FeatureSpace(
        features={
            "income": FeatureSpace.float_discretized(num_bins=12),
            "amount": FeatureSpace.float_discretized(num_bins=12),
            "share": FeatureSpace.float_normalized(),
            "purpose": FeatureSpace.string_categorical(num_oov_indices=0),
            "housing": FeatureSpace.string_categorical(num_oov_indices=0),
            "late_payments": FeatureSpace.integer_categorical(num_oov_indices=1),
            "age": FeatureSpace.float_normalized(),
        },
        crosses=[FeatureSpace.cross(("purpose", "housing"), crossing_dim=24)],
        output_mode="concat")
    space.adapt(train.map(lambda x, y: x))
    encoded = space.get_encoded_features()
    h = layers.Dense(32, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4))(encoded)
    h = layers.Dropout(0.3)(h)
    model = keras.Model(encoded, layers.Dense(1, activation="sigmoid")(h))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    train = train.map(lambda x, y: (space(x), y), num_parallel_calls=2).prefetch(2)
    val = val.map(lambda x, y: (space(x), y)).cache()
    return model.fit(train, validation_data=val, epochs=8, callbacks=callbacks, verbose=2)
