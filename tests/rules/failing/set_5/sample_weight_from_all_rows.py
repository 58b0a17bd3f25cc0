# Wrong: sample_weight is made from all labels (100), fit gets only the training rows (80)
# Mend: weights = np.where(y_train == 1, 5.0, 1.0)
import numpy as np
import keras
from keras import layers

rng = np.random.default_rng(7)
X = rng.normal(size=(100, 6)).astype("float32")
y = (rng.random(100) < 0.2).astype("float32")

X_train, X_val = X[:80], X[80:]
y_train, y_val = y[:80], y[80:]

# fraud is rare, so count it more
weights = np.where(y == 1, 5.0, 1.0)

model = keras.Sequential([keras.Input((6,)), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy", weighted_metrics=[keras.metrics.AUC()])
model.fit(X_train, y_train, sample_weight=weights, validation_data=(X_val, y_val),
          epochs=2, batch_size=16, verbose=0)
print("fit done")
