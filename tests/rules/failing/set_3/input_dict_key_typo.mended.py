# Wrong: tf.data yields key 'meta' but the model's input is named 'metadata'
# Mend: features = {'image': images, 'metadata': meta}
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, Model

N = 24
images = np.random.rand(N, 16, 16, 3).astype("float32")
meta = np.random.rand(N, 5).astype("float32")
labels = np.random.randint(0, 2, size=(N, 1))

img_in = layers.Input(shape=(16, 16, 3), name="image")
meta_in = layers.Input(shape=(5,), name="metadata")
h = layers.Conv2D(4, 3, activation="relu")(img_in)
h = layers.GlobalAveragePooling2D()(h)
m = layers.Dense(8, activation="relu")(meta_in)
h = layers.concatenate([h, m])
out = layers.Dense(1, activation="sigmoid")(h)
model = Model(inputs={"image": img_in, "metadata": meta_in}, outputs=out)
model.compile(optimizer="adam", loss="binary_crossentropy")

features = {"image": images, "metadata": meta}
train_ds = tf.data.Dataset.from_tensor_slices((features, labels))
train_ds = train_ds.shuffle(N).batch(8).prefetch(tf.data.AUTOTUNE)

model.fit(train_ds, epochs=1, verbose=0)
print("trained")
