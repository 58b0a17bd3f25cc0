# Wrong: float columns + bool columns of get_dummies make df.values an object array
# Mend: X = df.drop('Survived', axis=1).values.astype('float32')
import numpy as np
import pandas as pd
from keras.models import Sequential
from keras.layers import Dense, Input

rng = np.random.default_rng(7)
n = 150
df = pd.DataFrame({
    'Survived': rng.integers(0, 2, n),
    'Pclass': rng.integers(1, 4, n),
    'Sex': rng.choice(['male', 'female'], n),
    'Age': rng.uniform(1, 80, n).round(1),
    'SibSp': rng.integers(0, 4, n),
    'Fare': rng.uniform(5, 200, n).round(2),
    'Embarked': rng.choice(['S', 'C', 'Q'], n),
})
df['Age'] = df['Age'].fillna(df['Age'].median())
df = pd.get_dummies(df, columns=['Sex', 'Embarked'])

y = df['Survived'].values
X = df.drop('Survived', axis=1).values
print(X.shape, y.shape)

model = Sequential()
model.add(Input(shape=(X.shape[1],)))
model.add(Dense(16, activation='relu'))
model.add(Dense(8, activation='relu'))
model.add(Dense(1, activation='sigmoid'))
model.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])
model.fit(X, y, epochs=3, batch_size=16, validation_split=0.2, verbose=0)
print(model.evaluate(X, y))
