# Wrong: "horsepower" contains "?" and was read as text, so the feature matrix has dtype object
# Mend: df["horsepower"] = pd.to_numeric(df["horsepower"], errors="coerce") before dropna
import io
import pandas as pd
import keras
from keras import layers

csv = """mpg,cylinders,displacement,horsepower,weight
18.0,8,307.0,130.0,3504
15.0,8,350.0,165.0,3693
25.0,4,98.0,?,2046
16.0,8,304.0,150.0,3433
17.0,8,302.0,140.0,3449
27.0,4,97.0,88.00,2130
24.0,4,113.0,95.00,2372
21.0,6,200.0,?,2875
22.0,6,198.0,95.00,2833
"""
df = pd.read_csv(io.StringIO(csv))
df = df.dropna()

target = df.pop("mpg").to_numpy()
data = df.to_numpy()

norm = layers.Normalization(axis=-1, mean=[5.5, 200.0, 120.0, 2900.0], variance=[3.0, 9e3, 1e3, 4e5])
model = keras.Sequential([
    layers.Input(shape=(4,)),
    norm,
    layers.Dense(16, activation="relu"),
    layers.Dense(1),
])
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
model.fit(data, target, epochs=2, verbose=0)
print(model.predict(data[:2], verbose=0).ravel())
