# Wrong: x and y are plain Python lists of numbers, fit wants arrays
# Mend: model.fit(np.array(x), np.array(y), epochs=5, verbose=0)
import numpy as np
import keras

# celsius to fahrenheit
x = [-40.0, -10.0, 0.0, 8.0, 15.0, 22.0, 38.0]
y = [-40.0, 14.0, 32.0, 46.4, 59.0, 71.6, 100.4]

model = keras.Sequential([
    keras.Input(shape=(1,)),
    keras.layers.Dense(units=1),
])
model.compile(loss="mean_squared_error", optimizer=keras.optimizers.Adam(0.1))

model.fit(np.array(x), np.array(y), epochs=5, verbose=0)
print(model.predict(np.array([100.0]), verbose=0))
