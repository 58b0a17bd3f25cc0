import os
import tempfile
import numpy as np
import keras
from keras import layers

folder = tempfile.mkdtemp()
signals = np.random.randn(36, 64, 2).astype("float32")
activity = keras.utils.to_categorical(np.random.randint(0, 4, 36), 4)

model = keras.Sequential([
    keras.Input((64, 2)),
    layers.SeparableConv1D(16, 5, activation="relu"),
    layers.GlobalAveragePooling1D(),
    layers.Dense(4, activation="softmax"),
])
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])

callbacks = [
    keras.callbacks.EarlyStopping(patience=2),
    keras.callbacks.ModelCheckpoint(os.path.join(folder, "best.weights.h5"), monitor="val_loss",
                                    save_best_only=True, save_weights_only=True),
]
model.fit(signals, activity, validation_split=0.25, epochs=2, callbacks=callbacks, verbose=0)
print(os.listdir(folder))
