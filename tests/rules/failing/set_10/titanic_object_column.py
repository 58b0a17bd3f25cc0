# Wrong: the column "Sex" still holds strings, so the feature array has dtype object
# Mend: data["Sex"] = data["Sex"].map({"male": 0, "female": 1})
import numpy as np
import pandas as pd
import keras
from keras.models import Sequential
from keras.layers import Dense, Input

rng = np.random.default_rng(0)
n = 60
data = pd.DataFrame({
    "Survived": rng.integers(0, 2, n),
    "Pclass": rng.integers(1, 4, n),
    "Sex": rng.choice(["male", "female"], n),
    "Age": np.where(rng.random(n) < 0.1, np.nan, rng.uniform(1, 80, n)),
    "Fare": rng.uniform(5, 100, n),
})
data["Age"] = data["Age"].fillna(data["Age"].median())
data["Fare"] = (data["Fare"] - data["Fare"].mean()) / data["Fare"].std()

X = data.drop(columns="Survived").values
y = data["Survived"].values

model = Sequential([
    Input((X.shape[1],)),
    Dense(8, activation="relu"),
    Dense(1, activation="sigmoid"),
])
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(X, y, epochs=2, batch_size=10, validation_split=0.2, verbose=0)
print(model.evaluate(X, y, verbose=0))
