"""Homework: three-fold cross-validation of a tiny net on the diabetes table, scalers fitted within each fold."""
import keras
import numpy as np
from keras.layers import Dense
from keras.models import Sequential
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler


def baseline_model():
    model = Sequential()
    model.add(Dense(12, input_dim=10, kernel_initializer="normal", activation="relu"))
    model.add(Dense(1, kernel_initializer="normal"))
    model.compile(loss="mean_squared_error", optimizer="rmsprop", metrics=["mae"])
    return model


def run(callbacks):
    keras.utils.set_random_seed(20)
    X, Y = load_diabetes(return_X_y=True, scaled=False)
    Y = Y.reshape(-1, 1)
    scores = []
    for fold, (train, test) in enumerate(KFold(3, shuffle=True, random_state=20).split(X)):
        sx, sy = StandardScaler().fit(X[train]), StandardScaler().fit(Y[train])
        model = baseline_model()
        hist = model.fit(sx.transform(X[train]), sy.transform(Y[train]),
                         validation_data=(sx.transform(X[test]), sy.transform(Y[test])),
                         epochs=30, batch_size=16, callbacks=callbacks, verbose=0)
        pred = sy.inverse_transform(model.predict(sx.transform(X[test]), verbose=0))
        scores.append(r2_score(Y[test], pred))
        print(f"fold {fold} R2 {scores[-1]:.3f}")
    print(f"mean R2 {np.mean(scores):.3f} +- {np.std(scores):.3f}")
    return hist
