# Wrong: MeanIoU compares integer class ids; the model gives 3 softmax probabilities per pixel
# Mend: keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)
import numpy as np
import keras
from keras import layers

# land cover: water, forest, town
patches = np.random.rand(8, 16, 16, 4).astype("float32")
cover = np.random.randint(0, 3, (8, 16, 16))

model = keras.Sequential([
    layers.Input((16, 16, 4)),
    layers.Conv2D(16, 3, padding="same", activation="relu", dilation_rate=2),
    layers.Conv2D(16, 3, padding="same", activation="relu"),
    layers.Conv2D(3, 1, activation="softmax"),
])
iou = keras.metrics.MeanIoU(num_classes=3)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy", iou])
model.fit(patches, cover, batch_size=4, epochs=1, verbose=0)
print(dict(zip(model.metrics_names, model.evaluate(patches, cover, verbose=0))))
