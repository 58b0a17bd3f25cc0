# Wrong: model.save to a folder name without .keras
# Mend: model.save(path + ".keras")
import os
import tempfile
import numpy as np
import keras
from keras import layers

model = keras.Sequential([
    keras.Input(shape=(5,)),
    layers.Dense(4, activation="relu"),
    layers.Dense(1),
])
model.compile("adam", "mse")
model.fit(np.ones((10, 5)), np.ones(10), epochs=1, verbose=0)

folder = tempfile.mkdtemp()
path = os.path.join(folder, "my_model")
model.save(path + ".keras")
print(os.listdir(folder))
