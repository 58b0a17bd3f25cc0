# Wrong: get_dummies on the test frame yields one column fewer than on the train frame
# Mend: X_test = pd.get_dummies(test.drop(columns='price')).reindex(columns=X_train.columns, fill_value=0)
import numpy as np
import pandas as pd
import keras

rng = np.random.default_rng(1)
train = pd.DataFrame({
    "area": rng.uniform(30, 200, 60),
    "rooms": rng.integers(1, 6, 60),
    "district": ["north", "south", "east", "west"] * 15,
    "price": rng.uniform(100, 900, 60),
})
test = pd.DataFrame({
    "area": rng.uniform(30, 200, 12),
    "rooms": rng.integers(1, 6, 12),
    "district": ["north", "south", "east"] * 4,
    "price": rng.uniform(100, 900, 12),
})

X_train = pd.get_dummies(train.drop(columns="price"))
y_train = train["price"].to_numpy("float32")
X_test = pd.get_dummies(test.drop(columns="price")).reindex(columns=X_train.columns, fill_value=0)
y_test = test["price"].to_numpy("float32")

model = keras.Sequential([
    keras.layers.Dense(16, activation="relu"),
    keras.layers.Dense(1),
])
model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
model.fit(X_train.to_numpy("float32"), y_train, epochs=2, verbose=0)
loss, mae = model.evaluate(X_test.to_numpy("float32"), y_test, verbose=0)
print("test MAE", mae)
