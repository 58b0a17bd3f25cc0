# Wrong: the zip codes are integers and StringLookup takes strings
# Mend: zips = df["zip"].astype(str).to_numpy().astype(object)   (or use IntegerLookup)
import numpy as np
import pandas as pd
import keras
from keras import layers

df = pd.DataFrame({
    "zip": np.random.choice([10115, 20095, 50667, 80331], size=60),
    "rooms": np.random.randint(1, 6, size=60),
    "rent": np.random.uniform(400, 2000, size=60),
})
zips = df["zip"].to_numpy()
rooms = df["rooms"].to_numpy("float32").reshape(-1, 1)
rent = df["rent"].to_numpy("float32")

lookup = layers.StringLookup(output_mode="one_hot")
lookup.adapt(zips)
zip_features = np.asarray(lookup(zips.reshape(-1, 1)))
features = np.concatenate([zip_features, rooms], axis=1)

model = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(1)])
model.compile(optimizer="adam", loss="mean_absolute_error")
model.fit(features, rent, epochs=2, verbose=0)
print("MAE", model.evaluate(features, rent, verbose=0))
