import numpy as np
import keras
from keras import layers

# single-object localisation: which animal, and where
rng = np.random.default_rng(42)
images = rng.random((20, 48, 48, 3), dtype="float32")
boxes = rng.random((20, 4), dtype="float32")
labels = rng.integers(0, 3, size=20)

inputs = keras.Input(shape=(48, 48, 3))
x = layers.SeparableConv2D(16, 3, activation="relu")(inputs)
x = layers.MaxPool2D(4)(x)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.2)(x)
class_head = layers.Dense(3, activation="softmax", name="animal")(x)
box_head = layers.Dense(4, activation="sigmoid", name="box")(x)

model = keras.Model(inputs, [class_head, box_head])
model.compile(
    optimizer="sgd",
    loss=["sparse_categorical_crossentropy", "mse"],
    loss_weights=[1.0, 5.0],
)
model.fit(images, [labels, boxes], batch_size=10, epochs=1, verbose=0)
print(model.evaluate(images, [labels, boxes], verbose=0)[0] > 0)
