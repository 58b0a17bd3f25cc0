# Wrong: the target column still holds the species names (strings)
# Mend: y = df["species"].astype("category").cat.codes
import numpy as np
import pandas as pd
import keras
from keras import layers

rng = np.random.default_rng(7)
n = 60
df = pd.DataFrame({
    "bill_length_mm": rng.normal(44, 5, n),
    "bill_depth_mm": rng.normal(17, 2, n),
    "flipper_length_mm": rng.normal(200, 14, n),
    "species": rng.choice(["Adelie", "Gentoo", "Chinstrap"], n),
})

features = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
X = df[features]
X = (X - X.mean()) / X.std()
y = df["species"]

model = keras.Sequential([
    layers.Input(shape=(len(features),)),
    layers.Dense(16, activation="relu"),
    layers.Dense(3, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(X, y, epochs=3, validation_split=0.2, verbose=0)
print(model.predict(X.head(3), verbose=0).round(2))
