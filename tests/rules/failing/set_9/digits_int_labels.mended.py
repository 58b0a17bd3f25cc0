# Wrong: integer labels (n,) with categorical_crossentropy and 10 softmax outputs
# Mend: loss='sparse_categorical_crossentropy'
import numpy as np
import pandas as pd
import keras
from keras.layers import Dense, Dropout

# kaggle digit recognizer: label,pixel0,...,pixel783
train = pd.DataFrame(np.random.randint(0, 256, (120, 784)), columns=[f'pixel{i}' for i in range(784)])
train.insert(0, 'label', np.random.randint(0, 10, 120))

y = train['label']
X = train.drop(columns=['label']) / 255.0
X_train, X_val = X.iloc[:100], X.iloc[100:]
y_train, y_val = y.iloc[:100], y.iloc[100:]

model = keras.Sequential()
model.add(keras.Input(shape=(784,)))
model.add(Dense(128, activation='relu'))
model.add(Dropout(0.2))
model.add(Dense(64, activation='relu'))
model.add(Dense(10, activation='softmax'))

model.compile(optimizer='adam',
              loss='sparse_categorical_crossentropy',
              metrics=['accuracy'])
model.fit(X_train, y_train, epochs=2, batch_size=20, validation_data=(X_val, y_val))
