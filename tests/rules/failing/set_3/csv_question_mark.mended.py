# Wrong: column 'horsepower' holds '?' entries, so the frame's values are of object dtype
# Mend: df = pd.read_csv(csv, na_values='?').dropna()
import io
import numpy as np
import pandas as pd
import tensorflow as tf

raw = "mpg,cyl,horsepower,weight\n"
for i in range(40):
    hp = "?" if i in (7, 21) else str(90 + i)
    raw += f"{18 + i % 9},{4 + 2 * (i % 3)},{hp},{2500 + 10 * i}\n"
csv = io.StringIO(raw)

df = pd.read_csv(csv, na_values="?").dropna()
target = df.pop("mpg")
X = df.values
y = target.values.astype("float32")
print(X.shape, y.shape)

model = tf.keras.Sequential([
    tf.keras.layers.Input(shape=(3,)),
    tf.keras.layers.Dense(16, activation="relu"),
    tf.keras.layers.Dense(1),
])
model.compile(optimizer=tf.keras.optimizers.RMSprop(0.001), loss="mse", metrics=["mae"])
model.fit(X, y, epochs=2, batch_size=8, validation_split=0.2, verbose=0)
print("done")
