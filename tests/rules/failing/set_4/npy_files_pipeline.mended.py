# Wrong: tf.numpy_function loses the shape, so the model gets spectrograms of unknown rank
# Mend: spec = tf.ensure_shape(spec, (24, 16, 1)) in load()
import os
import tempfile
import numpy as np
import tensorflow as tf
import keras

root = tempfile.mkdtemp()
paths, labels = [], []
for i in range(16):
    p = os.path.join(root, f"clip{i}.npy")
    np.save(p, np.random.rand(24, 16).astype("float32"))
    paths.append(p)
    labels.append(i % 3)


def read(path):
    return np.load(path.decode())[..., np.newaxis]


def load(path, label):
    spec = tf.numpy_function(read, [path], tf.float32)
    spec = tf.ensure_shape(spec, (24, 16, 1))
    return spec, label


ds = tf.data.Dataset.from_tensor_slices((paths, labels))
ds = ds.shuffle(16).map(load).batch(4).prefetch(1)

model = keras.Sequential([
    keras.layers.Input(shape=(24, 16, 1)),
    keras.layers.Conv2D(8, 3, activation="relu"),
    keras.layers.GlobalMaxPooling2D(),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(ds, epochs=1, verbose=0)
