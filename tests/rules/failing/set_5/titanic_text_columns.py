# Wrong: the data frame still has text columns (Sex, Embarked), to_numpy() gives dtype object
# Mend: X = pd.get_dummies(df.drop(columns=["Survived"])).to_numpy(dtype="float32")
import io
import pandas as pd
import keras
from keras import layers

csv = io.StringIO("""Survived,Pclass,Sex,Age,Fare,Embarked
0,3,male,22,7.25,S
1,1,female,38,71.28,C
1,3,female,26,7.92,S
1,1,female,35,53.1,S
0,3,male,35,8.05,Q
0,1,male,54,51.86,S
0,3,male,2,21.07,S
1,2,female,14,30.07,C
""")
df = pd.read_csv(csv)
y = df["Survived"].to_numpy()
X = df.drop(columns=["Survived"]).to_numpy()
print(X[:2])

model = keras.Sequential([
    layers.Dense(8, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(X, y, epochs=2, batch_size=4, verbose=0)
print(model.evaluate(X, y, verbose=0))
