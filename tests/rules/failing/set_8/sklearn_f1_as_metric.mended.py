import numpy as np
import keras
from keras import layers
from sklearn.metrics import f1_score


def f1(y_true, y_pred):
    return f1_score(y_true, y_pred > 0.5)


churn = np.random.rand(128, 11).astype("float32")
left = (churn[:, :1] + churn[:, 1:2] > 1).astype("float32")

wide = keras.Input(shape=(11,))
deep = layers.Dense(16, activation="gelu")(wide)
deep = layers.BatchNormalization()(deep)
both = layers.concatenate([wide, deep])
net = keras.Model(wide, layers.Dense(1, activation="sigmoid")(both))

net.compile(optimizer="adamw", loss=keras.losses.BinaryFocalCrossentropy(), metrics=[keras.metrics.F1Score(threshold=0.5)])
net.fit(churn, left, epochs=2, validation_split=0.25, verbose=0)
print(net.predict(churn[:2], verbose=0))
