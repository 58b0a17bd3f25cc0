import numpy as np
import keras
from sklearn.utils.class_weight import compute_class_weight

np.random.seed(1)
X_train = np.random.randn(100, 30)
y_train = np.array([0] * 85 + [1] * 15)
order = np.random.permutation(100)
X_train, y_train = X_train[order], y_train[order]

weights = compute_class_weight(class_weight="balanced", classes=np.unique(y_train), y=y_train)
print("class weights", weights)

clf = keras.models.Sequential()
clf.add(keras.layers.Input(shape=(30,)))
clf.add(keras.layers.Dense(20, kernel_regularizer="l2", activation="relu"))
clf.add(keras.layers.GaussianNoise(0.1))
clf.add(keras.layers.Dense(1, activation="sigmoid"))
clf.compile(optimizer="nadam", loss="binary_crossentropy", metrics=[keras.metrics.Recall()])
clf.fit(X_train, y_train, epochs=2, batch_size=25, class_weight=dict(enumerate(weights)), verbose=0)
print(clf.evaluate(X_train, y_train, verbose=0))
