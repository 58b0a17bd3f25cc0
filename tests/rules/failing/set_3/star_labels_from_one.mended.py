# Wrong: ratings run 1..5 but sparse_categorical_crossentropy with 5 units wants 0..4
# Mend: y = df['stars'].to_numpy() - 1
import numpy as np
import pandas as pd
import tensorflow as tf
from tensorflow import keras

rng = np.random.default_rng(3)
df = pd.DataFrame(rng.normal(size=(80, 6)), columns=[f"f{i}" for i in range(6)])
df["stars"] = rng.integers(1, 6, 80)
df.loc[0, "stars"] = 5

features = df.drop(columns=["stars"]).to_numpy(dtype="float32")
y = df["stars"].to_numpy() - 1
num_classes = df["stars"].nunique()

ds = tf.data.Dataset.from_tensor_slices((features, y)).shuffle(80, seed=1).batch(16)

model = keras.Sequential([
    keras.layers.Input((6,)),
    keras.layers.Dense(32, activation="relu"),
    keras.layers.Dense(num_classes, activation="softmax"),
])
model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(ds, epochs=2, verbose=0)
print(history.history["accuracy"])
