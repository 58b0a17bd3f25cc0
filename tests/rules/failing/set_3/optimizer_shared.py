# Wrong: one Adam object, already built for the first model's variables, is used for a second model
# Mend: opt = keras.optimizers.Adam(1e-3) inside the loop
import numpy as np
import keras
from keras import layers
from sklearn.model_selection import KFold

X = np.random.rand(60, 7).astype("float32")
y = np.random.randint(0, 2, 60)

opt = keras.optimizers.Adam(1e-3)
scores = []
for fold, (tr, te) in enumerate(KFold(n_splits=3, shuffle=True, random_state=0).split(X)):
    model = keras.Sequential([
        keras.Input((7,)),
        layers.Dense(8, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(optimizer=opt, loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(X[tr], y[tr], epochs=1, batch_size=10, verbose=0)
    loss, acc = model.evaluate(X[te], y[te], verbose=0)
    print("fold", fold, acc)
    scores.append(acc)
print("mean", np.mean(scores))
