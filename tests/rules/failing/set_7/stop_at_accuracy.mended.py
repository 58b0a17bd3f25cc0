# Mended from stop_at_accuracy.py
# Mend: if logs["val_accuracy"] > self.goal:
import numpy as np
import keras
from keras import layers


class StopAt(keras.callbacks.Callback):
    def __init__(self, goal):
        super().__init__()
        self.goal = goal

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_accuracy"] > self.goal:
            print(f"reached {self.goal} in epoch {epoch}")
            self.model.stop_training = True


x = np.random.normal(size=(100, 5))
y = (x.sum(axis=1) > 0).astype("int32")

model = keras.Sequential([layers.Input((5,)), layers.Dense(8, activation="relu"), layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, y, validation_split=0.2, epochs=3, callbacks=[StopAt(0.95)], verbose=0)
