# Wrong: to_categorical is given the species names (strings) rather than integer codes
# Mend: y = keras.utils.to_categorical(LabelEncoder().fit_transform(df['species']))
import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.preprocessing import LabelEncoder, StandardScaler

rng = np.random.default_rng(2)
df = pd.DataFrame(rng.normal(size=(45, 4)), columns=["sl", "sw", "pl", "pw"])
df["species"] = ["setosa", "versicolor", "virginica"] * 15

X = StandardScaler().fit_transform(df.iloc[:, :4])
y = keras.utils.to_categorical(LabelEncoder().fit_transform(df["species"]))

model = keras.Sequential([
    keras.Input(shape=(4,)),
    layers.Dense(10, activation="relu"),
    layers.Dense(3, activation="softmax"),
])
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(X, y, epochs=2, batch_size=5, verbose=0)
print(model.predict(X[:3], verbose=0).argmax(axis=1))
