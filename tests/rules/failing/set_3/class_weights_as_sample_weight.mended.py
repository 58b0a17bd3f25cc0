# Wrong: compute_class_weight gives one weight per class (2), but is passed as sample_weight (one per row)
# Mend: sample_weight=weights[y]
import numpy as np
import keras
from keras import layers
from sklearn.utils.class_weight import compute_class_weight

rng = np.random.default_rng(5)
X = rng.normal(size=(90, 10)).astype("float32")
y = (rng.random(90) < 0.15).astype("int32")
y[:2] = [0, 1]

weights = compute_class_weight("balanced", classes=np.unique(y), y=y)
print("weights", weights)

model = keras.Sequential([
    keras.Input((10,)),
    layers.Dense(12, activation="relu"),
    layers.Dropout(0.3),
    layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy", weighted_metrics=["accuracy"])
hist = model.fit(X, y, sample_weight=weights[y], epochs=2, batch_size=16, verbose=0)
print(hist.history["loss"])
