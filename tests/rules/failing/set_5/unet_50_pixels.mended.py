# Wrong: the input is 50x50, 50/2=25, 25/2=12: upsampling gives 24, the skip connection has 25
# Mend: size = 48
import numpy as np
import keras
from keras.layers import Conv2D, MaxPooling2D, UpSampling2D, Concatenate, Input

size = 48
inputs = Input((size, size, 3))
c1 = Conv2D(4, 3, padding="same", activation="relu")(inputs)
p1 = MaxPooling2D()(c1)
c2 = Conv2D(8, 3, padding="same", activation="relu")(p1)
p2 = MaxPooling2D()(c2)
bottleneck = Conv2D(16, 3, padding="same", activation="relu")(p2)

u2 = UpSampling2D()(bottleneck)
m2 = Concatenate()([u2, c2])
d2 = Conv2D(8, 3, padding="same", activation="relu")(m2)
u1 = UpSampling2D()(d2)
m1 = Concatenate()([u1, c1])
d1 = Conv2D(4, 3, padding="same", activation="relu")(m1)
mask = Conv2D(1, 1, activation="sigmoid")(d1)

unet = keras.Model(inputs, mask)
unet.compile(optimizer="adam", loss="binary_crossentropy")
images = np.random.rand(4, size, size, 3)
masks = np.random.randint(0, 2, (4, size, size, 1))
unet.fit(images, masks, batch_size=2, verbose=0)
print("ok")
