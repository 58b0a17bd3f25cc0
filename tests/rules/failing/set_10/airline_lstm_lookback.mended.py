import numpy as np
import pandas as pd
import keras
from keras.models import Sequential
from keras.layers import LSTM, Dense, Input

def create_dataset(dataset, look_back=1):
    dataX, dataY = [], []
    for i in range(len(dataset) - look_back - 1):
        dataX.append(dataset[i:(i + look_back), 0])
        dataY.append(dataset[i + look_back, 0])
    return np.array(dataX), np.array(dataY)

months = pd.date_range("1949-01", periods=72, freq="MS")
passengers = pd.Series(100 + np.arange(72) * 2 + 20 * np.sin(np.arange(72) / 2), index=months)
values = passengers.to_frame("n").values.astype("float32")
values = (values - values.min()) / (values.max() - values.min())
train, test = values[:48], values[48:]

look_back = 3
trainX, trainY = create_dataset(train, look_back)
testX, testY = create_dataset(test, look_back)
trainX = np.reshape(trainX, (trainX.shape[0], 1, trainX.shape[1]))
testX = np.reshape(testX, (testX.shape[0], 1, testX.shape[1]))

model = Sequential()
model.add(Input((1, look_back)))
model.add(LSTM(4))
model.add(Dense(1))
model.compile(loss="mean_squared_error", optimizer="adam")
model.fit(trainX, trainY, epochs=1, batch_size=8, verbose=0)
testPredict = model.predict(testX, verbose=0)
print("RMSE", np.sqrt(np.mean((testPredict[:, 0] - testY) ** 2)))
