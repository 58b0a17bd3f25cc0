# Wrong: the dict passed to fit uses the key "location", the Input is named "loc"
# Mend: "loc": loc in the dict for fit
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(0)
numeric = rng.normal(size=(48, 6)).astype("float32")
loc = rng.integers(0, 12, size=(48, 1))
price = rng.uniform(1e5, 5e5, size=(48, 1)) / 1e5

numeric_in = keras.Input(shape=(6,), name="numeric")
loc_in = keras.Input(shape=(1,), dtype="int32", name="loc")

emb = layers.Flatten()(layers.Embedding(12, 4)(loc_in))
x = layers.Concatenate()([numeric_in, emb])
x = layers.Dense(16, activation="relu")(x)
price_out = layers.Dense(1, name="price")(x)

model = keras.Model(inputs={"numeric": numeric_in, "loc": loc_in}, outputs=price_out)
model.compile(optimizer="adam", loss="mse")

model.fit(
    {"numeric": numeric, "location": loc},
    price,
    epochs=1,
    batch_size=16,
    verbose=0,
)
print(model.predict({"numeric": numeric[:2], "loc": loc[:2]}, verbose=0))
