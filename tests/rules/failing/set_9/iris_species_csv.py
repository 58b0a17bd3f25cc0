# Wrong: y holds the species names (strings), the loss wants numbers
# Mend: y = LabelEncoder().fit_transform(df['species'])
import io
import numpy as np
import pandas as pd
from sklearn.preprocessing import LabelEncoder, StandardScaler
from keras.models import Sequential
from keras.layers import Dense, Input

rng = np.random.default_rng(0)
rows = ["sepal_length,sepal_width,petal_length,petal_width,species"]
for i, name in enumerate(["Iris-setosa", "Iris-versicolor", "Iris-virginica"]):
    for _ in range(20):
        rows.append(",".join(f"{v:.1f}" for v in rng.normal(3 + i, 0.4, 4)) + "," + name)
df = pd.read_csv(io.StringIO("\n".join(rows)))

X = StandardScaler().fit_transform(df.iloc[:, 0:4].astype(float))
y = df['species'].values

model = Sequential()
model.add(Input(shape=(4,)))
model.add(Dense(8, activation='relu'))
model.add(Dense(3, activation='softmax'))
model.compile(loss='sparse_categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X, y, epochs=5, batch_size=5, verbose=0)
print(model.evaluate(X, y, verbose=0))
