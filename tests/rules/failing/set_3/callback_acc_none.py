# Wrong: logs has no 'acc' (it is called 'accuracy'), so logs.get('acc') is None and the comparison fails
# Mend: if logs.get('accuracy') > 0.95:
import numpy as np
import keras
from keras import layers

class StopAt95(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("acc") > 0.95:
            print("Reached 95% accuracy, stopping")
            self.model.stop_training = True

X = np.random.rand(50, 28, 28).astype("float32")
y = np.random.randint(0, 10, 50)

model = keras.Sequential([
    layers.Input((28, 28)),
    layers.Flatten(),
    layers.Dense(32, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(X, y, epochs=2, callbacks=[StopAt95()], verbose=0)
print("end")
