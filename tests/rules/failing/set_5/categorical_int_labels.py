# Wrong: categorical_crossentropy with integer labels (n,) where the model gives (n, 4)
# Mend: loss="sparse_categorical_crossentropy"
import numpy as np
import keras
from keras import layers

num_classes = 4
X = np.random.random((80, 12))
y = np.random.randint(num_classes, size=(80,))

inputs = keras.Input(shape=(12,))
h = layers.Dense(32, activation="relu")(inputs)
h = layers.Dropout(0.3)(h)
outputs = layers.Dense(num_classes, activation="softmax")(h)
model = keras.Model(inputs, outputs)

model.compile(
    optimizer=keras.optimizers.RMSprop(1e-3),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(X, y, batch_size=16, epochs=2, validation_split=0.1, verbose=0)
print(history.history["loss"])
