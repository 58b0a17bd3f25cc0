# Wrong: input_shape=X_train.shape holds the number of rows too, the model wants (None, 404, 13)
# Mend: input_shape=(X_train.shape[1],)
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from keras.models import Sequential
from keras.layers import Dense

housing = pd.DataFrame(np.random.rand(505, 14), columns=['CRIM', 'ZN', 'INDUS', 'CHAS', 'NOX', 'RM', 'AGE', 'DIS',
                                                         'RAD', 'TAX', 'PTRATIO', 'B', 'LSTAT', 'MEDV'])
X = housing.drop('MEDV', axis=1)
y = housing['MEDV']
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)

model = Sequential()
model.add(Dense(64, activation='relu', input_shape=X_train.shape))
model.add(Dense(64, activation='relu'))
model.add(Dense(1))
model.compile(optimizer='rmsprop', loss='mse', metrics=['mae'])
model.fit(X_train, y_train, epochs=2, batch_size=32, verbose=0)
mse, mae = model.evaluate(X_test, y_test, verbose=0)
print(mae)
