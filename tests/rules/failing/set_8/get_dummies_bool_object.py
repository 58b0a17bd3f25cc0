# Wrong: get_dummies gives bool columns; mixed with float columns .values is an object array
# Mend: X = pd.get_dummies(...).astype("float32")
import pandas as pd
import keras
from keras.layers import Dense, Dropout

df = pd.DataFrame({
    "age": [22.0, 38.0, 26.0, 35.0, 54.0, 2.0, 27.0, 14.0],
    "fare": [7.25, 71.28, 7.92, 53.1, 51.86, 21.07, 11.13, 30.07],
    "sex": ["male", "female", "female", "female", "male", "male", "female", "female"],
    "embarked": ["S", "C", "S", "S", "S", "S", "Q", "C"],
    "survived": [0, 1, 1, 1, 0, 0, 1, 1],
})
y = df.pop("survived").values
X = pd.get_dummies(df, columns=["sex", "embarked"])
print(X.head(2))

model = keras.Sequential([
    keras.Input(shape=(X.shape[1],)),
    Dense(12, activation="relu"),
    Dropout(0.3),
    Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(X.values, y, epochs=2, batch_size=4, verbose=0)
print(history.history["accuracy"])
