# Wrong: grey faces (48, 48, 1) are fed to a network built for 3 channels
# Mend: X = np.repeat(X.reshape(-1, 48, 48, 1), 3, axis=-1)
import numpy as np
import pandas as pd
import keras
from keras import layers

fer = pd.DataFrame({
    'emotion': np.arange(14) % 7,
    'pixels': [' '.join(map(str, np.random.randint(0, 256, 48 * 48))) for _ in range(14)],
    'Usage': ['Training'] * 14,
})

X = np.array([np.array(p.split(' '), dtype='float32') for p in fer['pixels']])
X = np.repeat(X.reshape(-1, 48, 48, 1), 3, axis=-1)
X = X / 255.0
y = fer['emotion'].to_numpy()

base = keras.applications.MobileNetV2(input_shape=(48, 48, 3), alpha=0.35,
                                      include_top=False, weights=None, pooling='avg')
base.trainable = False

model = keras.Sequential()
model.add(base)
model.add(layers.Dense(64, activation='relu'))
model.add(layers.Dropout(0.3))
model.add(layers.Dense(7, activation='softmax'))
model.compile(optimizer='adam', loss='sparse_categorical_crossentropy', metrics=['accuracy'])
model.fit(X, y, epochs=1, batch_size=7)
