# Wrong: Normalization was adapted on all 6 columns, target included, and is applied to the 5 features
# Mend: norm.adapt(features)
import numpy as np
import pandas as pd
import keras
from keras import layers

rng = np.random.default_rng(3)
houses = pd.DataFrame(rng.normal(50, 20, size=(60, 5)), columns=["area", "rooms", "age", "tax", "dist"])
houses["price"] = 3 * houses["area"] - houses["age"]

data = houses.to_numpy(dtype="float32")
features, price = data[:, :-1], data[:, -1]

norm = layers.Normalization(axis=-1)
norm.adapt(data)

model = keras.Sequential([
    keras.Input(shape=(5,)),
    norm,
    layers.Dense(16, activation="relu"),
    layers.Dense(1),
])
model.compile(loss="mean_absolute_error", optimizer=keras.optimizers.Adam(0.1))
model.fit(features, price, epochs=2, validation_split=0.2, verbose=0)
print(model.predict(features[:3], verbose=0).ravel())
