# Wrong: ReduceLROnPlateau wants to set the learning rate, but the optimizer was made with a schedule
# Mend: optimizer=keras.optimizers.Adam(learning_rate=0.01)   (or leave out ReduceLROnPlateau)
import numpy as np
import keras
from keras.callbacks import EarlyStopping, ReduceLROnPlateau

x = np.random.normal(size=(80, 5)).astype("float32")
y = np.random.normal(size=(80, 1)).astype("float32")

schedule = keras.optimizers.schedules.ExponentialDecay(
    initial_learning_rate=0.01, decay_steps=100, decay_rate=0.96)

model = keras.Sequential([
    keras.layers.Input(shape=(5,)),
    keras.layers.Dense(16, activation="relu"),
    keras.layers.Dense(1),
])
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse")

callbacks = [
    EarlyStopping(monitor="val_loss", patience=10, restore_best_weights=True),
    ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1, min_delta=0.5, verbose=0),
]
history = model.fit(x, y, validation_split=0.25, epochs=6, callbacks=callbacks, verbose=0)
print(sorted(history.history))
