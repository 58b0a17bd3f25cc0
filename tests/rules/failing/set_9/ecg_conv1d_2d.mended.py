# Wrong: Conv1D gets a 2-D array (rows, 187), it wants (rows, 187, 1)
# Mend: X = df.iloc[:, :187].values[..., np.newaxis]
import numpy as np
import pandas as pd
import keras
from keras import layers

# heartbeat csv (mitbih): 187 samples of the signal and the class in the last column
df = pd.DataFrame(np.random.rand(64, 187).astype('float32'))
df[187] = np.random.randint(0, 5, 64)

X = df.iloc[:, :187].values[..., np.newaxis]
y = keras.utils.to_categorical(df[187], num_classes=5)

model = keras.models.Sequential([
    layers.Conv1D(filters=16, kernel_size=6, activation='relu'),
    layers.BatchNormalization(),
    layers.MaxPooling1D(pool_size=3, strides=2, padding='same'),
    layers.Conv1D(filters=16, kernel_size=3, activation='relu'),
    layers.MaxPooling1D(pool_size=2, strides=2, padding='same'),
    layers.Flatten(),
    layers.Dense(32, activation='relu'),
    layers.Dense(5, activation='softmax'),
])
model.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
model.fit(X, y, epochs=1, batch_size=16)
