# Wrong: the image side 100 cannot be halved three times, so the upsampled map (24x24) does not fit the skip connection (25x25)
# Mend: IMG_SIZE = 96
import numpy as np
import keras
from keras import layers

IMG_SIZE = 96
NUM_CLASSES = 2


def conv_block(x, filters):
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.BatchNormalization()(x)
    return x


def get_unet():
    inputs = keras.Input((IMG_SIZE, IMG_SIZE, 3))
    skips = []
    x = inputs
    for f in (4, 8, 16):
        x = conv_block(x, f)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = conv_block(x, 32)
    for f, skip in zip((16, 8, 4), reversed(skips)):
        x = layers.Conv2DTranspose(f, 2, strides=2, padding="same")(x)
        x = layers.concatenate([x, skip])
        x = conv_block(x, f)
    outputs = layers.Conv2D(NUM_CLASSES, 1, activation="softmax")(x)
    return keras.Model(inputs, outputs)


images = np.random.rand(4, IMG_SIZE, IMG_SIZE, 3).astype("float32")
masks = np.random.randint(0, NUM_CLASSES, (4, IMG_SIZE, IMG_SIZE, 1))

model = get_unet()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
model.fit(images, masks, batch_size=2, epochs=1)
