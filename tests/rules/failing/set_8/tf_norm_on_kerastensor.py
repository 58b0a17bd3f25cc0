# Wrong: a TensorFlow function (tf.nn.l2_normalize) is called on a symbolic Keras tensor while the functional model is built
# Mend: x = keras.ops.normalize(x, axis=-1)
import numpy as np
import tensorflow as tf
import keras
from keras import layers

# embeddings for product photos
inputs = keras.Input(shape=(40, 40, 3))
x = layers.Rescaling(1.0 / 255)(inputs)
x = layers.Conv2D(16, 3, strides=2, activation="relu")(x)
x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dense(24)(x)
x = tf.nn.l2_normalize(x, axis=-1)
embedder = keras.Model(inputs, x)

photos = np.random.randint(0, 256, (5, 40, 40, 3)).astype("uint8")
vectors = embedder.predict(photos, verbose=0)
print(np.linalg.norm(vectors, axis=1))
