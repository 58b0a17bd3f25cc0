import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(2)
pets = rng.random((6, 32, 32, 3), dtype="float32")
trimaps = rng.integers(1, 4, (6, 32, 32, 1)).astype("uint8")
trimaps -= 1

inputs = keras.Input((32, 32, 3))
x = layers.Conv2D(8, 3, strides=2, padding="same")(inputs)
x = layers.BatchNormalization()(x)
x = layers.Activation("relu")(x)
x = layers.SeparableConv2D(16, 3, padding="same", activation="relu")(x)
x = layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu")(x)
outputs = layers.Conv2D(3, 3, activation="softmax", padding="same")(x)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer="rmsprop",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.MeanIoU(num_classes=3, sparse_y_pred=False)],
)
model.fit(pets, trimaps, batch_size=3, epochs=1, verbose=0)
print(model.evaluate(pets, trimaps, verbose=0))
