import numpy as np
import tensorflow as tf
import keras
from keras import layers

BATCH = 12
images = np.random.randint(0, 255, (64, 24, 24, 3)).astype("uint8")
targets = np.random.randint(0, 3, (64,))

def augment(img, label):
    img = tf.image.convert_image_dtype(img, tf.float32)
    img = tf.image.random_flip_left_right(img)
    return img, label

def augment_none(img, label):
    return tf.image.convert_image_dtype(img, tf.float32), label

full = tf.data.Dataset.from_tensor_slices((images, targets))
train_ds = full.take(48).shuffle(48).map(augment).batch(BATCH).prefetch(2)
val_ds = full.skip(48).map(augment_none).batch(BATCH)

model = keras.Sequential([
    layers.Input((24, 24, 3)),
    layers.Conv2D(8, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(8, 3, activation="relu"),
    layers.Flatten(),
    layers.Dense(3),
])
model.compile(
    optimizer="adam",
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(train_ds, validation_data=val_ds, epochs=1, verbose=0)
print(history.history)
