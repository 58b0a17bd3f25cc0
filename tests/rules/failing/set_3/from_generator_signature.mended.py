# Wrong: the generator yields labels of shape (1,) but output_signature says scalar ()
# Mend: tf.TensorSpec(shape=(1,), dtype=tf.int32) for the label
import numpy as np
import tensorflow as tf

signals = np.random.randn(30, 64).astype("float32")
targets = np.random.randint(0, 2, size=(30, 1)).astype("int32")

def gen():
    for s, t in zip(signals, targets):
        s = (s - s.mean()) / (s.std() + 1e-6)
        yield s.reshape(64, 1), t

ds = tf.data.Dataset.from_generator(
    gen,
    output_signature=(
        tf.TensorSpec(shape=(64, 1), dtype=tf.float32),
        tf.TensorSpec(shape=(1,), dtype=tf.int32),
    ),
)
ds = ds.batch(10).prefetch(1)

model = tf.keras.Sequential([
    tf.keras.Input((64, 1)),
    tf.keras.layers.Conv1D(8, 5, activation="relu"),
    tf.keras.layers.GlobalMaxPooling1D(),
    tf.keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(ds, epochs=1, verbose=0)
print("ok")
