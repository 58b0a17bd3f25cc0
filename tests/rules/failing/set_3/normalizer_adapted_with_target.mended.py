# Wrong: Normalization was adapted on the whole frame (4 columns with the target), the model feeds it 3
# Mend: norm.adapt(X) - the features only
import numpy as np
import pandas as pd
import keras
from keras import layers

rng = np.random.default_rng(11)
df = pd.DataFrame({
    "displacement": rng.uniform(70, 450, 50),
    "weight": rng.uniform(1600, 5000, 50),
    "year": rng.integers(70, 83, 50).astype(float),
    "mpg": rng.uniform(10, 45, 50),
})
data = df.to_numpy("float32")
X = data[:, :3]
y = data[:, 3]

norm = layers.Normalization(axis=-1)
norm.adapt(X)

model = keras.Sequential([
    norm,
    layers.Dense(16, activation="relu"),
    layers.Dense(1),
])
model.compile(loss="mean_absolute_error", optimizer=keras.optimizers.Adam(0.01))
model.fit(X, y, validation_split=0.2, epochs=2, verbose=0)
print(model.predict(X[:3], verbose=0))
