# Wrong: the Sequential model has no Input and was never called, so it has no .inputs / layer outputs to cut a feature extractor from
# Mend: put keras.Input((16, 16, 3)) first in the Sequential
import numpy as np
import keras
from keras import layers

source = keras.Sequential(
    [
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(12, activation="relu", name="embedding"),
        layers.Dense(10, activation="softmax"),
    ]
)
source.compile("adam", "sparse_categorical_crossentropy")

# new task: keep everything up to the embedding, freeze it, add a new head
features = keras.Model(inputs=source.inputs, outputs=source.get_layer("embedding").output)
features.trainable = False
target = keras.Sequential([features, layers.Dense(2, activation="softmax")])
target.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])

x_new = np.random.rand(20, 16, 16, 3)
y_new = np.random.randint(0, 2, 20)
target.fit(x_new, y_new, epochs=1)
