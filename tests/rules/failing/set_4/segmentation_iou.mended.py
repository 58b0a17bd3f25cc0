# Wrong: MeanIoU compares class numbers and gets the softmax map (n, 16, 16, 4)
# Mend: keras.metrics.MeanIoU(num_classes=4, sparse_y_pred=False)
import numpy as np
import keras
from keras import layers

NUM_CLASSES = 4
imgs = np.random.rand(12, 16, 16, 3).astype("float32")
masks = np.random.randint(0, NUM_CLASSES, size=(12, 16, 16))

inputs = keras.Input((16, 16, 3))
d1 = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
p1 = layers.MaxPooling2D()(d1)
b = layers.Conv2D(16, 3, padding="same", activation="relu")(p1)
u1 = layers.Conv2DTranspose(8, 2, strides=2)(b)
u1 = layers.concatenate([u1, d1])
outputs = layers.Conv2D(NUM_CLASSES, 1, activation="softmax")(u1)

unet = keras.Model(inputs, outputs, name="mini_unet")
unet.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.MeanIoU(num_classes=NUM_CLASSES, sparse_y_pred=False)],
)
unet.fit(imgs, masks, batch_size=4, epochs=1, verbose=0)
print(unet.evaluate(imgs, masks, verbose=0))
