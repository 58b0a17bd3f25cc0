import numpy as np
import pandas as pd
import keras
from keras.layers import Input, Conv2D, MaxPool2D, Flatten, Dense

faces = np.random.rand(24, 32, 32, 1).astype("float32")
df = pd.DataFrame({
    "age": np.random.randint(1, 90, 24),
    "gender": np.random.randint(0, 2, 24),
})

inputs = Input((32, 32, 1))
x = Conv2D(8, 3, activation="relu")(inputs)
x = MaxPool2D(2)(x)
x = Conv2D(8, 3, activation="relu")(x)
x = MaxPool2D(2)(x)
x = Flatten()(x)
gender_out = Dense(1, activation="sigmoid", name="gender_out")(Dense(16, activation="relu")(x))
age_out = Dense(1, activation="relu", name="age_out")(Dense(16, activation="relu")(x))
model = keras.Model(inputs=inputs, outputs=[age_out, gender_out])
model.compile(loss=["mae", "binary_crossentropy"], optimizer="adam", metrics=[["mae"], ["accuracy"]])

targets = df[["age", "gender"]].values
model.fit(faces, [targets[:, 0], targets[:, 1]], batch_size=8, epochs=1, verbose=0)
age, gender = model.predict(faces[:1], verbose=0)
print(age, gender)
