# Wrong: MeanIoU compares class indices, but the model gives per-pixel softmax scores (3 channels)
# Mend: keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)
import numpy as np
import keras
from keras import layers

x_train = np.random.rand(12, 32, 32, 3).astype("float32")
y_train = np.random.randint(0, 3, size=(12, 32, 32, 1))

inputs = keras.Input(shape=(32, 32, 3))
x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(inputs)
x = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
x = layers.UpSampling2D(2)(x)
outputs = layers.Conv2D(3, 1, activation="softmax", padding="same")(x)

model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)],
)
model.fit(x_train, y_train, batch_size=4, epochs=1, validation_split=0.25)
