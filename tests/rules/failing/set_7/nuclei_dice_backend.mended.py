# Mended from nuclei_dice_backend.py
# Mend: from keras import ops as K
import numpy as np
import keras
from keras import ops as K
from keras import layers


def dice_loss(y_true, y_pred, smooth=1.0):
    t = K.reshape(y_true, (-1,))
    p = K.reshape(y_pred, (-1,))
    inter = K.sum(t * p)
    return 1.0 - (2.0 * inter + smooth) / (K.sum(t) + K.sum(p) + smooth)


inputs = keras.Input((32, 32, 1))
d = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
d = layers.MaxPooling2D()(d)
d = layers.Conv2D(16, 3, padding="same", activation="relu")(d)
u = layers.UpSampling2D()(d)
masks = layers.Conv2D(1, 1, activation="sigmoid")(u)
model = keras.Model(inputs, masks)
model.compile(optimizer="adam", loss=dice_loss)

cells = np.random.rand(6, 32, 32, 1)
truth = (np.random.rand(6, 32, 32, 1) > 0.8).astype("float32")
model.fit(cells, truth, batch_size=3, epochs=1, verbose=0)
print(model.predict(cells[:1], verbose=0).shape)
