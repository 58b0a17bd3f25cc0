# Wrong: y holds class names (strings), the loss wants integers
# Mend: y = LabelEncoder().fit_transform(df["species"])
import numpy as np
import pandas as pd
from sklearn.preprocessing import LabelEncoder
import keras
from keras import layers

rng = np.random.default_rng(0)
df = pd.DataFrame(rng.normal(size=(30, 4)), columns=["sl", "sw", "pl", "pw"])
df["species"] = np.tile(["setosa", "versicolor", "virginica"], 10)

X = df[["sl", "sw", "pl", "pw"]].values
y = LabelEncoder().fit_transform(df["species"])

model = keras.Sequential([
    keras.Input(shape=(4,)),
    layers.Dense(10, activation="relu"),
    layers.Dense(3, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(X, y, epochs=3, verbose=0)
print("ok")
