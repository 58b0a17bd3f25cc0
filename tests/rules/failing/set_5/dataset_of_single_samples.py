# Wrong: the tf.data.Dataset has no .batch(): every element is one sample without the batch axis
# Mend: ds = tf.data.Dataset.from_tensor_slices((features, target)).shuffle(100).batch(16)
import numpy as np
import tensorflow as tf
from tensorflow import keras

features = np.random.rand(64, 10, 3).astype("float32")
target = np.random.rand(64).astype("float32")

ds = tf.data.Dataset.from_tensor_slices((features, target)).shuffle(100)

model = keras.Sequential([
    keras.layers.Input(shape=(10, 3)),
    keras.layers.Conv1D(8, 3, activation="relu"),
    keras.layers.GlobalAveragePooling1D(),
    keras.layers.Dense(1),
])
model.compile(optimizer="adam", loss="mse")
model.fit(ds, epochs=1, verbose=0)
print("mse", model.evaluate(ds, verbose=0))
