# Wrong: validation_split is not possible with a tf.data.Dataset
# Mend: val_ds = ds.take(2); fit(ds.skip(2), validation_data=val_ds)
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, models

images = np.random.rand(48, 20, 20, 1).astype("float32")
labels = np.random.randint(0, 4, 48)

def augment(img, lab):
    img = tf.image.random_flip_left_right(img)
    return img, tf.one_hot(lab, 4)

ds = tf.data.Dataset.from_tensor_slices((images, labels)).map(augment).batch(8)

model = models.Sequential([
    layers.Input((20, 20, 1)),
    layers.Conv2D(6, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(4, activation="softmax"),
])
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(ds.skip(2), validation_data=ds.take(2), epochs=1, verbose=0)
print(history.history)
