# Wrong: windows reshaped to (samples, 8 features, 1 step), the LSTM was declared with (1 step, 8 features)
# Mend: test_X = test_X.reshape((test_X.shape[0], 1, test_X.shape[1]))
import numpy as np
import pandas as pd
import keras
from keras.models import Sequential
from keras.layers import LSTM, Dense, Input

cols = ['pollution', 'dew', 'temp', 'press', 'wnd_dir', 'wnd_spd', 'snow', 'rain']
dataset = pd.DataFrame(np.random.rand(300, 8), columns=cols,
                       index=pd.date_range('2010-01-02', periods=300, freq='h'))
reframed = dataset.shift(1)
reframed.columns = [c + '(t-1)' for c in cols]
reframed['pollution(t)'] = dataset['pollution']
reframed = reframed.dropna()

values = reframed.values
n_train_hours = 200
train, test = values[:n_train_hours, :], values[n_train_hours:, :]
train_X, train_y = train[:, :-1], train[:, -1]
test_X, test_y = test[:, :-1], test[:, -1]
# 3D [samples, timesteps, features]
train_X = train_X.reshape((train_X.shape[0], 1, train_X.shape[1]))
test_X = test_X.reshape((test_X.shape[0], test_X.shape[1], 1))

model = Sequential()
model.add(Input(shape=(train_X.shape[1], train_X.shape[2])))
model.add(LSTM(50))
model.add(Dense(1))
model.compile(loss='mae', optimizer='adam')
history = model.fit(train_X, train_y, epochs=1, batch_size=72, verbose=2, shuffle=False)

yhat = model.predict(test_X)
print('Test MAE: %.3f' % np.abs(yhat[:, 0] - test_y).mean())
