# Wrong: the first LSTM gives only its last step (2D), the second wants a sequence (3D)
# Mend: model.add(LSTM(32, return_sequences=True))
import numpy as np
from keras.models import Sequential
from keras.layers import LSTM, Dense, Dropout, Input

# stock prices
prices = np.cumsum(np.random.randn(120)).astype("float32")
window = 20
X, y = [], []
for i in range(window, len(prices)):
    X.append(prices[i - window:i])
    y.append(prices[i])
X = np.array(X).reshape(-1, window, 1)
y = np.array(y)

model = Sequential()
model.add(Input(shape=(window, 1)))
model.add(LSTM(32, return_sequences=True))
model.add(Dropout(0.2))
model.add(LSTM(16))
model.add(Dense(1))
model.compile(optimizer="adam", loss="mean_squared_error")
model.fit(X, y, epochs=1, batch_size=32, verbose=0)
print("trained")
