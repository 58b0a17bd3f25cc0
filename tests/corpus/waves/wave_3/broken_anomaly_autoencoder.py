"""Dense autoencoder on benign cell measurements; the reconstruction error shall flag malignant samples.
Wrong: the columns are standardised (mean 0, about half of the values negative, some above 3) but the decoder ends in a sigmoid, which gives only 0..1, so the inputs cannot be rebuilt and the error stays near its starting level.
Expected: target-out-of-range, output-activation-mismatch
"""
import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler


def load():
    bunch = load_breast_cancer(as_frame=True)
    df = bunch.frame.sample(frac=1.0, random_state=11)
    benign = df[df.target == 1].drop(columns="target")
    malignant = df[df.target == 0].drop(columns="target")
    scaler = StandardScaler().fit(benign[:280])
    train = scaler.transform(benign[:280]).astype("float32")
    val = scaler.transform(benign[280:]).astype("float32")
    bad = scaler.transform(malignant).astype("float32")
    return train, val, bad


def build(n):
    inp = keras.Input((n,), name="cell")
    h = layers.Dense(24, activation="relu")(inp)
    h = layers.Dense(10, activation="relu")(h)
    code = layers.Dense(5, name="code")(h)
    h = layers.Dense(10, activation="relu")(code)
    h = layers.Dense(24, activation="relu")(h)
    out = layers.Dense(n, activation="sigmoid", name="rebuilt")(h)
    return keras.Model(inp, out, name="cell_autoencoder")


def run(callbacks):
    keras.utils.set_random_seed(3)
    train, val, bad = load()
    model = build(train.shape[1])
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse")
    hist = model.fit(train, train, validation_data=(val, val), epochs=30, batch_size=16,
                     callbacks=callbacks, verbose=0)
    err_ok = np.mean((model.predict(val, verbose=0) - val) ** 2, axis=1)
    err_bad = np.mean((model.predict(bad, verbose=0) - bad) ** 2, axis=1)
    summary = pd.Series({"benign": np.median(err_ok), "malignant": np.median(err_bad)})
    print(summary.round(3).to_dict())
    return hist


if __name__ == "__main__":
    run([])
