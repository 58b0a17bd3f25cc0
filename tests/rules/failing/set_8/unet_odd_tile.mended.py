import numpy as np
import keras
from keras import layers

# membrane segmentation, random tiles stand in for the microscope images
size = 48
rng = np.random.default_rng(0)
tiles = rng.random((6, size, size, 1)).astype("float32")
masks = (tiles > 0.5).astype("float32")

inp = keras.Input((size, size, 1))
c1 = layers.Conv2D(8, 3, padding="same", activation="relu")(inp)
p1 = layers.MaxPooling2D()(c1)
c2 = layers.Conv2D(16, 3, padding="same", activation="relu")(p1)
p2 = layers.MaxPooling2D()(c2)
mid = layers.Conv2D(32, 3, padding="same", activation="relu")(p2)

u2 = layers.UpSampling2D()(mid)
u2 = layers.Concatenate()([u2, c2])
u2 = layers.Conv2D(16, 3, padding="same", activation="relu")(u2)
u1 = layers.UpSampling2D()(u2)
u1 = layers.Concatenate()([u1, c1])
out = layers.Conv2D(1, 1, activation="sigmoid")(u1)

unet = keras.Model(inp, out)
unet.compile("adam", "binary_crossentropy")
unet.fit(tiles, masks, batch_size=2, epochs=1, verbose=0)
print(unet.predict(tiles[:1], verbose=0).shape)
