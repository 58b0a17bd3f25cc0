# Mended from keep_best_weights.py
# Mend: filepath=os.path.join(folder, "best.weights.h5")
import os
import tempfile
import numpy as np
import keras
from keras.callbacks import EarlyStopping, ModelCheckpoint

folder = tempfile.mkdtemp()
x = np.random.rand(60, 3)
y = x @ np.array([1.0, -2.0, 0.5])

model = keras.Sequential([
    keras.layers.Input((3,)),
    keras.layers.Dense(4, activation="relu"),
    keras.layers.Dense(1),
])
model.compile(optimizer="adam", loss="mse")

callbacks = [
    EarlyStopping(monitor="val_loss", patience=3),
    ModelCheckpoint(
        filepath=os.path.join(folder, "best.weights.h5"),
        monitor="val_loss",
        save_best_only=True,
        save_weights_only=True,
    ),
]
model.fit(x, y, epochs=2, validation_split=0.25, callbacks=callbacks, verbose=0)
print(os.listdir(folder))
