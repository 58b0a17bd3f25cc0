# Wrong: the generator yields one window (30, 5) and its label, without a batch axis
# Mend: yield X[np.newaxis], np.array([y])
import numpy as np
import pandas as pd
from keras import Sequential, layers

WINDOW = 30
data = pd.DataFrame(np.random.randn(400, 5), columns=['acc_x', 'acc_y', 'acc_z', 'gyro_x', 'gyro_y'])
data['fault'] = np.random.randint(0, 2, len(data))

def window_generator(frame):
    features = frame.drop(columns='fault').to_numpy(dtype='float32')
    target = frame['fault'].to_numpy(dtype='float32')
    while True:
        for start in range(0, len(frame) - WINDOW, WINDOW):
            X = features[start:start + WINDOW]
            y = target[start + WINDOW]
            yield X[np.newaxis], np.array([y])

model = Sequential([
    layers.Input(shape=(WINDOW, 5)),
    layers.LSTM(16, return_sequences=True),
    layers.LSTM(8),
    layers.Dense(1, activation='sigmoid'),
])
model.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])
model.fit(window_generator(data), steps_per_epoch=10, epochs=2)
