# Wrong: X_train is a Python list of (60, 1) windows, Keras reads it as many inputs
# Mend: X_train, y_train = np.array(X_train), np.array(y_train)
import numpy as np
import pandas as pd
from sklearn.preprocessing import MinMaxScaler
from keras.models import Sequential
from keras.layers import LSTM, Dense, Dropout, Input

prices = pd.DataFrame({'Date': pd.date_range('2016-01-04', periods=160, freq='B'),
                       'Open': 700 + np.random.randn(160).cumsum()})
training_set = prices.iloc[:, 1:2].values
sc = MinMaxScaler(feature_range=(0, 1))
training_set_scaled = sc.fit_transform(training_set)

X_train = []
y_train = []
for i in range(60, 160):
    X_train.append(training_set_scaled[i - 60:i])
    y_train.append(training_set_scaled[i, 0])
X_train, y_train = np.array(X_train), np.array(y_train)

regressor = Sequential()
regressor.add(Input(shape=(60, 1)))
regressor.add(LSTM(units=10, return_sequences=True))
regressor.add(Dropout(0.2))
regressor.add(LSTM(units=10))
regressor.add(Dense(units=1))
regressor.compile(optimizer='adam', loss='mean_squared_error')
regressor.fit(X_train, y_train, epochs=1, batch_size=32)
