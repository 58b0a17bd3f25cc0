import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.preprocessing import StandardScaler

days = 90
price = 100 + np.cumsum(np.random.randn(days))
df = pd.DataFrame({"open": price, "high": price + 1, "low": price - 1, "close": price + 0.2})

scaler = StandardScaler()
scaled = scaler.fit_transform(df)

lookback = 10
X, y = [], []
for i in range(lookback, len(scaled)):
    X.append(scaled[i - lookback:i])
    y.append(scaled[i, 3])
X, y = np.array(X), np.array(y)

model = keras.Sequential([
    layers.Input((lookback, 4)),
    layers.LSTM(16),
    layers.Dense(1),
])
model.compile(optimizer="adam", loss="mean_squared_error")
model.fit(X[:60], y[:60], epochs=1, verbose=0)

pred = model.predict(X[60:], verbose=0)
pred = pred * scaler.scale_[3] + scaler.mean_[3]
print("tomorrow:", pred[-1])
