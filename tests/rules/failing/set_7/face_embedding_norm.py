# Wrong: a TensorFlow function is called on a symbolic Keras tensor while the functional model is being built
# Mend: embedding = layers.UnitNormalization(axis=1)(x)
import numpy as np
import tensorflow as tf
import keras
from keras import layers

inputs = keras.Input(shape=(28, 28, 1))
x = layers.Conv2D(16, 3, strides=2, activation="relu")(inputs)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dense(32)(x)
embedding = tf.math.l2_normalize(x, axis=1)

encoder = keras.Model(inputs, embedding, name="encoder")

left = keras.Input((28, 28, 1))
right = keras.Input((28, 28, 1))
similarity = layers.Dot(axes=1)([encoder(left), encoder(right)])
prob = layers.Dense(1, activation="sigmoid")(similarity)
siamese = keras.Model([left, right], prob)
siamese.compile("adam", "binary_crossentropy")

a = np.random.rand(8, 28, 28, 1)
b = np.random.rand(8, 28, 28, 1)
same = np.random.randint(0, 2, 8)
siamese.fit([a, b], same, batch_size=4, verbose=0)
print(encoder.predict(a[:1], verbose=0).shape)
