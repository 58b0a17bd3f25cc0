# Wrong: tf.numpy_function loses the static shape of the image, so the model gets a tensor of unknown rank
# Mend: image.set_shape((32, 32, 3)) after tf.numpy_function in load_image
import numpy as np
import tensorflow as tf
import keras
from keras import layers

files = np.array([f"img_{i}.npy" for i in range(16)])
labels = np.random.randint(0, 5, size=16)


def read_npy(path):
    # stands in for reading a medical image with a library
    rng = np.random.default_rng(len(path))
    return rng.random((32, 32, 3)).astype(np.float32)


def load_image(path, label):
    image = tf.numpy_function(read_npy, [path], tf.float32)
    image.set_shape((32, 32, 3))
    return image, label


train_ds = (
    tf.data.Dataset.from_tensor_slices((files, labels))
    .shuffle(16)
    .map(load_image, num_parallel_calls=tf.data.AUTOTUNE)
    .batch(4)
    .prefetch(tf.data.AUTOTUNE)
)

model = keras.Sequential(
    [
        keras.Input((32, 32, 3)),
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(5, activation="softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_ds, epochs=1)
