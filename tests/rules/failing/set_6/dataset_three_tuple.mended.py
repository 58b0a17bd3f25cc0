# Wrong: the dataset yields (text, meta, label) as three elements: Keras takes them for (x, y, sample_weight), so the two-input model gets one input
# Mend: from_tensor_slices(((titles, meta), label))
import numpy as np
import pandas as pd
import tensorflow as tf
import keras
from keras import layers

df = pd.DataFrame(
    {
        "price": np.random.rand(64) * 100,
        "rating": np.random.rand(64) * 5,
        "sold": np.random.randint(0, 2, 64),
    }
)
titles = np.random.randint(1, 200, size=(64, 12))
meta = df[["price", "rating"]].values.astype("float32")
label = df["sold"].values

ds = tf.data.Dataset.from_tensor_slices(((titles, meta), label)).shuffle(64).batch(16)

title_in = keras.Input((12,), name="title")
meta_in = keras.Input((2,), name="meta")
t = layers.Embedding(200, 8)(title_in)
t = layers.GlobalAveragePooling1D()(t)
h = layers.concatenate([t, meta_in])
h = layers.Dense(16, activation="relu")(h)
out = layers.Dense(1, activation="sigmoid")(h)

model = keras.Model(inputs=[title_in, meta_in], outputs=out)
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["AUC"])
model.fit(ds, epochs=2)
