# Wrong: on_epoch_end of the callback has no logs argument
# Mend: def on_epoch_end(self, epoch, logs=None):
import numpy as np
import keras

class StopWhenGood(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.losses = []

    def on_epoch_end(self, epoch):
        print("epoch", epoch, "ended")
        if epoch >= 2:
            self.model.stop_training = True

X = np.random.rand(32, 4)
y = X.sum(axis=1)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
model.fit(X, y, epochs=10, verbose=0, callbacks=[StopWhenGood()])
print("stopped")
