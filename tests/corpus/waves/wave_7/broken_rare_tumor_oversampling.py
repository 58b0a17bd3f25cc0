"""Spot a rare tumour type from gene-expression profiles; the rare class is oversampled by copying.

Wrong: the copies are made before the split. Nearly every rare profile in the validation part is also in the training part, so the
validation recall is close to 1 by recognition of known rows and tells nothing about new patients.

Expected: train-validation-overlap, duplicate-examples
"""
import numpy as np
import keras
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample


def profiles():
    return make_classification(n_samples=1200, n_features=60, n_informative=6, n_redundant=4, n_clusters_per_class=3,
                               weights=[0.94], flip_y=0.03, class_sep=0.6, random_state=23)


def run(callbacks):
    keras.utils.set_random_seed(17)
    x, y = profiles()
    common, rare = x[y == 0], x[y == 1]
    rare_up = resample(rare, n_samples=len(common), replace=True, random_state=0)
    x = np.concatenate([common, rare_up])
    y = np.concatenate([np.zeros(len(common)), np.ones(len(rare_up))])

    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, random_state=0, stratify=y)
    scaler = StandardScaler().fit(x_train)
    x_train = scaler.transform(x_train).astype("float32")
    x_val = scaler.transform(x_val).astype("float32")

    model = keras.Sequential([
        keras.Input((60,)),
        layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
        layers.Dropout(0.2),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ])
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy",
                  metrics=["accuracy", keras.metrics.Recall(name="recall")])
    return model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=15, batch_size=32,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    history = run([]).history
    print(history["val_accuracy"][-1], history["val_recall"][-1])
