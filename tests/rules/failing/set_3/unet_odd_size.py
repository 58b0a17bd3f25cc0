# Wrong: 50x50 images: pooled 50->25->12, upsampled 24, which does not match the 25x25 skip
# Mend: SIZE = 64 (a multiple of 4)
import numpy as np
import keras
from keras import layers

SIZE = 50
images = np.random.rand(6, SIZE, SIZE, 1).astype("float32")
masks = (np.random.rand(6, SIZE, SIZE, 1) > 0.5).astype("float32")

inputs = keras.Input((SIZE, SIZE, 1))
c1 = layers.Conv2D(4, 3, activation="relu", padding="same")(inputs)
p1 = layers.MaxPooling2D(2)(c1)
c2 = layers.Conv2D(8, 3, activation="relu", padding="same")(p1)
p2 = layers.MaxPooling2D(2)(c2)

b = layers.Conv2D(16, 3, activation="relu", padding="same")(p2)

u2 = layers.Conv2DTranspose(8, 2, strides=2, padding="same")(b)
u2 = layers.concatenate([u2, c2])
c3 = layers.Conv2D(8, 3, activation="relu", padding="same")(u2)
u1 = layers.Conv2DTranspose(4, 2, strides=2, padding="same")(c3)
u1 = layers.concatenate([u1, c1])
outputs = layers.Conv2D(1, 1, activation="sigmoid")(u1)

model = keras.Model(inputs, outputs)
model.compile(optimizer="adam", loss="binary_crossentropy")
model.fit(images, masks, batch_size=2, epochs=1, verbose=0)
print(model.output_shape)
