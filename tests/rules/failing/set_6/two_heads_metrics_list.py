# Wrong: the model has two outputs and the metrics list has one entry
# Mend: metrics=[["mae"], ["accuracy"]]
import numpy as np
import keras
from keras import layers

faces = np.random.rand(30, 24, 24, 1).astype("float32")
age = np.random.randint(1, 90, 30).astype("float32")
gender = np.random.randint(0, 2, 30).astype("float32")

inp = keras.Input((24, 24, 1))
x = layers.Conv2D(8, 3, activation="relu")(inp)
x = layers.MaxPooling2D()(x)
x = layers.Flatten()(x)
x = layers.Dense(16, activation="relu")(x)
age_out = layers.Dense(1, name="age")(x)
gender_out = layers.Dense(1, activation="sigmoid", name="gender")(x)

model = keras.Model(inp, [age_out, gender_out])
model.compile(
    optimizer="adam",
    loss=["mse", "binary_crossentropy"],
    loss_weights=[0.01, 1.0],
    metrics=["accuracy"],
)
model.fit(faces, [age, gender], epochs=1, batch_size=10)
