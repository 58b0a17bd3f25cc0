# Wrong: the head has GRID*GRID*(BOXES*5 + CLASSES) units but is reshaped to BOXES*(5 + CLASSES) per cell
# Mend: layers.Reshape((GRID, GRID, BOXES * 5 + CLASSES))
import numpy as np
import keras
from keras import layers

GRID, BOXES, CLASSES = 4, 2, 3

# YOLO v1 in small: every cell has BOXES boxes (x, y, w, h, conf) and one class vector
model = keras.Sequential()
model.add(keras.Input(shape=(64, 64, 3)))
for filters in (8, 16, 32):
    model.add(layers.Conv2D(filters, 3, strides=2, padding="same"))
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU(negative_slope=0.1))
model.add(layers.Flatten())
model.add(layers.Dense(64, activation="relu"))
model.add(layers.Dense(GRID * GRID * (BOXES * 5 + CLASSES), activation="sigmoid"))
model.add(layers.Reshape((GRID, GRID, BOXES * (5 + CLASSES))))

model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
images = np.random.rand(4, 64, 64, 3).astype("float32")
targets = np.random.rand(4, GRID, GRID, BOXES * 5 + CLASSES).astype("float32")
model.fit(images, targets, epochs=1, verbose=0)
print(model.output_shape)
