# Wrong: old argument names: Adam has no lr any more
# Mend: opt = Adam(learning_rate=0.001)
import numpy as np
from keras.models import Sequential
from keras.layers import Input, Dense, Dropout
from keras.optimizers import Adam
from keras.callbacks import ReduceLROnPlateau

X = np.random.rand(64, 13)
Y = np.random.rand(64)

model = Sequential()
model.add(Input(shape=(13,)))
model.add(Dense(32, activation="relu"))
model.add(Dropout(0.2))
model.add(Dense(1))

opt = Adam(lr=0.001)
model.compile(loss="mean_squared_error", optimizer=opt)
reduce_lr = ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=1)
model.fit(X, Y, validation_split=0.25, epochs=2, callbacks=[reduce_lr], verbose=0)
print(model.predict(X[:2], verbose=0))
