# Wrong: validation dataset is never batched, so evaluate sees single samples
# Mend: val_ds = tf.data.Dataset.from_tensor_slices((x[80:], y[80:])).batch(BATCH)
import numpy as np
import tensorflow as tf
import keras

x = np.random.rand(100, 20, 3).astype("float32")
y = np.random.rand(100, 1).astype("float32")
BATCH = 16

train_ds = tf.data.Dataset.from_tensor_slices((x[:80], y[:80])).shuffle(80).batch(BATCH)
val_ds = tf.data.Dataset.from_tensor_slices((x[80:], y[80:]))

model = keras.Sequential([
    keras.layers.Input(shape=(20, 3)),
    keras.layers.GRU(8, return_sequences=True),
    keras.layers.GRU(8),
    keras.layers.Dense(1),
])
model.compile(loss="mae", optimizer=keras.optimizers.Adam(1e-3))
model.fit(train_ds, validation_data=val_ds, epochs=2, verbose=0)
print(model.evaluate(val_ds, verbose=0))
