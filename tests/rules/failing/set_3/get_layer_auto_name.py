# Wrong: no layer is called 'dense_1': the second Dense was given name='features'
# Mend: feature_model = keras.Model(base.input, base.get_layer('features').output)
import numpy as np
import pandas as pd
import keras
from keras import layers

df = pd.DataFrame(np.random.randn(70, 5), columns=list("abcde"))
df["target"] = df["a"] * 2 - df["c"] + 0.1
x = df[list("abcde")].to_numpy("float32")
y = df["target"].to_numpy("float32")

inp = keras.Input(shape=(5,), name="table")
h = layers.Dense(16, activation="relu", name="hidden")(inp)
h = layers.Dense(4, activation="relu", name="features")(h)
out = layers.Dense(1, name="target")(h)
base = keras.Model(inp, out)
base.compile(optimizer=keras.optimizers.SGD(0.01, momentum=0.9), loss=keras.losses.Huber())
base.fit(x, y, validation_split=0.2, epochs=2, verbose=0)

# take the 4 hidden features out of the trained net
feature_model = keras.Model(base.input, base.get_layer("dense_1").output)
codes = feature_model.predict(x, verbose=0)
print(codes.shape)
