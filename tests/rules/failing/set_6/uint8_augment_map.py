# Wrong: the uint8 image is multiplied with a float in the map function
# Mend: image = tf.cast(image, tf.float32) * (1.0 / 255)
import numpy as np
import tensorflow as tf
import keras
from keras import layers

x_train = np.random.randint(0, 256, (60, 28, 28, 1), dtype="uint8")
y_train = np.random.randint(0, 10, 60)


def preprocess(image, label):
    image = image * (1.0 / 255)
    image = tf.image.random_flip_left_right(image)
    return image, tf.one_hot(label, 10)


train = tf.data.Dataset.from_tensor_slices((x_train, y_train))
train = train.map(preprocess, num_parallel_calls=2).shuffle(60).batch(20)

model = keras.Sequential(
    [
        layers.Conv2D(8, 3, activation="relu", input_shape=(28, 28, 1)),
        layers.GlobalMaxPooling2D(),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
model.fit(train, epochs=1)
