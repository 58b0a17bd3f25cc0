"""Card fraud, 2 percent positive: skewed amount in logs, class weights from the training split, PR-AUC as metric."""
import keras
import numpy as np
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import RobustScaler


def transactions():
    x, y = make_classification(9000, 18, n_informative=8, n_redundant=4, weights=[0.98], class_sep=1.6, flip_y=0.002,
                               random_state=3)
    x[:, 0] = np.exp(x[:, 0])            # an amount, skewed
    return x, y


def run(callbacks):
    keras.utils.set_random_seed(3)
    x, y = transactions()
    x[:, 0] = np.log1p(x[:, 0])
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, stratify=y, random_state=4)
    scaler = RobustScaler().fit(x_train)
    x_train = np.clip(scaler.transform(x_train), -5, 5)
    x_val = np.clip(scaler.transform(x_val), -5, 5)

    pos, total = y_train.sum(), len(y_train)
    neg = total - pos
    weights = {0: 0.5 * total / neg, 1: 0.5 * total / pos}
    model = keras.Sequential([
        keras.Input((18,)),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy",
                  metrics=[keras.metrics.AUC(curve="PR", name="pr_auc"), keras.metrics.Recall(name="recall"),
                           keras.metrics.Precision(name="precision")])
    model.fit(x_train, y_train, validation_data=(x_val, y_val), batch_size=256, epochs=15, class_weight=weights,
              verbose=2, callbacks=callbacks)
    return model
