# Wrong: the targets are 7 days (n, 7), the model gives one number
# Mend: model.add(Dense(n_out))
import numpy as np
import pandas as pd
from keras.models import Sequential
from keras.layers import Input, GRU, Dense

idx = pd.date_range("2023-01-01", periods=150)
sales = pd.Series(100 + 10 * np.sin(np.arange(150) / 7) + np.random.randn(150), index=idx)

n_in, n_out = 14, 7
X, Y = [], []
vals = (sales / sales.max()).values
for i in range(len(vals) - n_in - n_out):
    X.append(vals[i:i + n_in])
    Y.append(vals[i + n_in:i + n_in + n_out])
X = np.array(X)[..., None]
Y = np.array(Y)
print(X.shape, Y.shape)

model = Sequential()
model.add(Input((n_in, 1)))
model.add(GRU(10))
model.add(Dense(1))
model.compile(optimizer="adam", loss="huber", metrics=["mape", "r2_score"])
model.fit(X, Y, epochs=1, verbose=0)
print(model.predict(X[-1:], verbose=0).shape)
