# Wrong: images of 100x100 pooled three times (100, 50, 25, 12) come back as 24x24 and do not fit the 25x25 skip connection
# Mend: size = 96
import numpy as np
import keras
from keras import layers

size = 100

def conv_block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.Conv2D(filters, 3, padding="same", activation="relu")(x)

inputs = layers.Input((size, size, 1))
skips = []
x = inputs
for f in (4, 8, 16):
    x = conv_block(x, f)
    skips.append(x)
    x = layers.MaxPooling2D(2)(x)
x = conv_block(x, 32)
for f, skip in zip((16, 8, 4), reversed(skips)):
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(f, 2, padding="same", activation="relu")(x)
    x = layers.concatenate([skip, x], axis=3)
    x = conv_block(x, f)
outputs = layers.Conv2D(1, 1, activation="sigmoid")(x)
unet = keras.Model(inputs, outputs)
unet.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])

images = np.random.rand(4, size, size, 1).astype("float32")
masks = (images > 0.5).astype("float32")
unet.fit(images, masks, batch_size=2, epochs=1, verbose=0)
print(unet.predict(images[:1], verbose=0).shape)
