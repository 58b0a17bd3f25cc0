# Wrong: some PNG files are greyscale, so the generator yields (20, 20) where (20, 20, 3) is declared
# Mend: img = Image.open(path).convert("RGB")
import os
import tempfile
import numpy as np
import tensorflow as tf
import keras
from PIL import Image

folder = tempfile.mkdtemp()
for i in range(12):
    shape = (20, 20) if i == 7 else (20, 20, 3)
    pixels = np.random.randint(0, 255, shape).astype("uint8")
    Image.fromarray(pixels).save(os.path.join(folder, f"{'cat' if i % 2 else 'dog'}_{i:02d}.png"))


def images():
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        img = Image.open(path)
        yield np.asarray(img, dtype="float32") / 255.0, int(name.startswith("cat"))


ds = tf.data.Dataset.from_generator(
    images,
    output_signature=(
        tf.TensorSpec(shape=(20, 20, 3), dtype=tf.float32),
        tf.TensorSpec(shape=(), dtype=tf.int32),
    ),
).batch(4)

model = keras.Sequential([
    keras.layers.Conv2D(8, 3, activation="relu"),
    keras.layers.GlobalAveragePooling2D(),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy")
model.fit(ds, epochs=1, verbose=0)
