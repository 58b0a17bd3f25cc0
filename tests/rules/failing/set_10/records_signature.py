# Wrong: the generator yields one record (20,) at a time, output_signature says a batch (None, 20)
# Mend: tf.TensorSpec(shape=(20,), dtype=tf.float32)
import numpy as np
import tensorflow as tf
import keras

signals = np.random.randn(50, 20).astype("float32")
states = np.random.randint(0, 2, 50)

def record_generator():
    for sig, st in zip(signals, states):
        sig = (sig - sig.mean()) / (sig.std() + 1e-6)
        yield sig, st

dataset = tf.data.Dataset.from_generator(
    record_generator,
    output_signature=(
        tf.TensorSpec(shape=(None, 20), dtype=tf.float32),
        tf.TensorSpec(shape=(), dtype=tf.int32),
    ),
)
dataset = dataset.batch(10)

model = keras.Sequential()
model.add(keras.layers.Input((20,)))
model.add(keras.layers.Reshape((20, 1)))
model.add(keras.layers.Conv1D(4, 5, activation="relu"))
model.add(keras.layers.GlobalAveragePooling1D())
model.add(keras.layers.Dense(1, activation="sigmoid"))
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(dataset, epochs=1, verbose=0)
print("final loss", model.evaluate(dataset, verbose=0))
