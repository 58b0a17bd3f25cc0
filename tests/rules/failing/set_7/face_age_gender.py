# Wrong: the model has two outputs but fit gets the targets of only one of them
# Mend: model.fit(faces, [ages, genders], ...)
import numpy as np
import keras
from keras import layers, Model

faces = np.random.rand(20, 24, 24, 1).astype("float32")
ages = np.random.randint(1, 90, 20).astype("float32")
genders = np.random.randint(0, 2, 20).astype("float32")

inp = keras.Input((24, 24, 1))
x = layers.Conv2D(8, 3, strides=2, activation="relu")(inp)
x = layers.Conv2D(8, 3, strides=2, activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Dense(16, activation="relu")(x)
age = layers.Dense(1, name="age")(x)
gender = layers.Dense(1, activation="sigmoid", name="gender")(x)

model = Model(inp, [age, gender])
model.compile(
    optimizer="adam",
    loss=["mae", "binary_crossentropy"],
    loss_weights=[0.1, 1.0],
)
model.fit(faces, ages, epochs=1, batch_size=10, verbose=0)
a, g = model.predict(faces[:1], verbose=0)
print("age", a, "gender", g)
