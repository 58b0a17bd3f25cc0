# Wrong: the Recall metric gets integer labels (batch,) and softmax outputs (batch, 10)
# Mend: metrics=['accuracy'] (or one-hot labels with categorical_crossentropy)
import numpy as np
import keras
from keras import layers

x_train = np.random.randint(0, 256, (60, 32, 32, 3)).astype('uint8')
y_train = np.random.randint(0, 10, (60, 1)).astype('uint8')
x_train = x_train / 255.0

model = keras.Sequential([
    keras.Input(shape=(32, 32, 3)),
    layers.Conv2D(8, 3, activation='relu'),
    layers.MaxPooling2D(),
    layers.Conv2D(16, 3, activation='relu'),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(32, activation='relu'),
    layers.Dense(10, activation='softmax'),
])

model.compile(
    optimizer='adam',
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=['accuracy', keras.metrics.Recall()],
)
model.fit(x_train, y_train, batch_size=20, epochs=1)
