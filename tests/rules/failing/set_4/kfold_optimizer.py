# Wrong: one optimizer object is used for the models of all folds
# Mend: optimizer = keras.optimizers.Adam(...) inside the loop, a new one for each model
import numpy as np
import keras
from sklearn.model_selection import KFold

X = np.random.rand(60, 8).astype("float32")
y = (X.sum(axis=1) > 4).astype("float32")

optimizer = keras.optimizers.Adam(learning_rate=1e-3)


def build_model():
    return keras.Sequential([
        keras.layers.Input(shape=(8,)),
        keras.layers.Dense(12, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ])


scores = []
for train, test in KFold(n_splits=3, shuffle=True).split(X):
    model = build_model()
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(X[train], y[train], epochs=2, batch_size=20, verbose=0)
    scores.append(model.evaluate(X[test], y[test], verbose=0)[1])
print("accuracy %.3f +- %.3f" % (np.mean(scores), np.std(scores)))
