# Wrong: dice_loss computes the loss but does not return it
# Mend: return 1 - dice
import numpy as np
import keras
from keras import layers, ops


def dice_loss(y_true, y_pred, smooth=1.0):
    y_true = ops.reshape(y_true, (-1,))
    y_pred = ops.reshape(y_pred, (-1,))
    inter = ops.sum(y_true * y_pred)
    dice = (2.0 * inter + smooth) / (ops.sum(y_true) + ops.sum(y_pred) + smooth)
    return 1 - dice


x = np.random.rand(10, 16, 16, 1).astype("float32")
y = (x > 0.7).astype("float32")

model = keras.Sequential(
    [
        keras.Input((16, 16, 1)),
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 1, activation="sigmoid"),
    ]
)
model.compile(optimizer="adam", loss=dice_loss)
model.fit(x, y, epochs=1, batch_size=5)
