# Wrong: validation_split only works on arrays, here x is a tf.data.Dataset
# Mend: model.fit(ds.skip(1), validation_data=ds.take(1), ...)
import numpy as np
import tensorflow as tf
import keras
from keras import layers

photos = np.random.rand(40, 16, 16, 3).astype("float32")
kinds = np.random.randint(0, 5, 40)

ds = tf.data.Dataset.from_tensor_slices((photos, kinds))
ds = ds.batch(8).prefetch(tf.data.AUTOTUNE)

model = keras.Sequential([
    layers.Input((16, 16, 3)),
    layers.RandomFlip("horizontal"),
    layers.Conv2D(8, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(5),
])
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(ds, epochs=1, validation_split=0.2, verbose=0)
print(sorted(history.history))
