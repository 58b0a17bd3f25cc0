import os
import tempfile
import numpy as np
import keras
from keras import layers

model = keras.Sequential([
    keras.Input(shape=(12,)),
    layers.Dense(6, activation="relu"),
    layers.Lambda(lambda t: t * 2.0 - 1.0, output_shape=(6,)),
    layers.Dense(1),
])
model.compile(optimizer="adam", loss="mse")
x = np.random.rand(30, 12)
model.fit(x, x.mean(axis=1), epochs=1, verbose=0)

path = os.path.join(tempfile.mkdtemp(), "final_model.keras")
model.save(path)

# later, in the web app
served = keras.models.load_model(path, safe_mode=False)
print(served.predict(x[:1], verbose=0))
