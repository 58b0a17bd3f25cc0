"""Rare casting defects (3 % of the parts): balanced class weights, judged by PR-AUC and recall."""
import numpy as np
import keras
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight


def run(callbacks):
    keras.utils.set_random_seed(2)
    x, y = make_classification(8000, n_features=20, n_informative=8, n_redundant=4, weights=[0.97], class_sep=1.6, flip_y=0.0,
                               n_clusters_per_class=2, random_state=64)
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, stratify=y, random_state=6)
    scaler = StandardScaler().fit(x_train)
    x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)

    classes = np.array([0, 1])
    weights = dict(enumerate(compute_class_weight("balanced", classes=classes, y=y_train)))

    inp = keras.Input((20,))
    h = layers.GaussianNoise(0.05)(inp)
    h = layers.Dense(64, activation="elu")(h)
    h = layers.Dense(32, activation="elu")(h)
    defect = layers.Dense(1, activation="sigmoid")(h)
    model = keras.Model(inp, defect)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy",
                  metrics=[keras.metrics.AUC(curve="PR", name="pr_auc"), keras.metrics.Recall(name="recall")])
    return model.fit(x_train, y_train, batch_size=128, epochs=15, class_weight=weights, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
