# Wrong: the generator yields labels of shape (), the signature promises (1,)
# Mend: tf.TensorSpec(shape=(), dtype=tf.float32) for the label
import numpy as np
import tensorflow as tf
import keras
from keras import layers

data = np.random.randn(200, 4).astype("float32")
window = 20


def window_generator():
    for start in range(0, len(data) - window - 1):
        x = data[start : start + window]
        y = data[start + window, 0]
        yield x, y


ds = tf.data.Dataset.from_generator(
    window_generator,
    output_signature=(
        tf.TensorSpec(shape=(20, 4), dtype=tf.float32),
        tf.TensorSpec(shape=(), dtype=tf.float32),
    ),
)
ds = ds.batch(32).prefetch(1)

model = keras.Sequential(
    [
        keras.Input((window, 4)),
        layers.Conv1D(8, 3, padding="causal", activation="relu"),
        layers.GRU(8),
        layers.Dense(1),
    ]
)
model.compile(optimizer="adam", loss="mae")
history = model.fit(ds, epochs=1)
print(history.history["loss"][-1])
