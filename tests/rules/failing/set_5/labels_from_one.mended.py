# Wrong: the star ratings go from 1 to 5, the sparse loss with 5 units wants 0 to 4
# Mend: y = df["stars"].values - 1
import numpy as np
import pandas as pd
import keras
from keras.layers import Dense, BatchNormalization

rng = np.random.default_rng(3)
df = pd.DataFrame({
    "length": rng.integers(10, 400, 100),
    "exclamations": rng.integers(0, 9, 100),
    "helpful": rng.random(100),
    "stars": np.tile([1, 2, 3, 4, 5], 20),
})
X = df[["length", "exclamations", "helpful"]].values.astype("float32")
y = df["stars"].values - 1

model = keras.Sequential([
    keras.Input((3,)),
    BatchNormalization(),
    Dense(16, activation="relu"),
    Dense(5, activation="softmax"),
])
model.compile(loss=keras.losses.SparseCategoricalCrossentropy(), optimizer="sgd")
model.fit(X, y, epochs=1, verbose=0)
print("end")
