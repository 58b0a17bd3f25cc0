# Wrong: ReduceLROnPlateau cannot change a learning rate that is an ExponentialDecay schedule
# Mend: optimizer=keras.optimizers.Adam(1e-3)
import numpy as np
import keras
from keras import layers

x = np.random.normal(size=(64, 5)).astype("float32")
y = np.random.normal(size=(64, 1)).astype("float32")

schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, decay_steps=100, decay_rate=0.9)
model = keras.Sequential([keras.Input((5,)), layers.Dense(8, activation="elu"), layers.Dense(1)])
model.compile(optimizer=keras.optimizers.Adam(schedule), loss="mse")

cbs = [
    keras.callbacks.EarlyStopping(patience=10, restore_best_weights=True),
    keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=100.0),
]
model.fit(x, y, validation_split=0.25, epochs=4, callbacks=cbs, verbose=0)
print("ok")
