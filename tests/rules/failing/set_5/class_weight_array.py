# Wrong: class_weight is the array of compute_class_weight, fit wants a dict {class: weight}
# Mend: class_weight=dict(enumerate(weights))
import numpy as np
from sklearn.utils.class_weight import compute_class_weight
import keras
from keras import layers

names = ["healthy", "sick"]
X = np.random.rand(50, 7)
y = np.array([0] * 40 + [1] * 10)

weights = compute_class_weight(class_weight="balanced", classes=np.unique(y), y=y)
print("weights:", weights)

model = keras.Sequential([
    keras.Input((7,)),
    layers.Dense(10, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="nadam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(X, y, epochs=2, class_weight=weights, verbose=0)
print(names[int(model.predict(X[:1], verbose=0)[0, 0] > 0.5)])
