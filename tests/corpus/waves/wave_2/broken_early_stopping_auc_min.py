"""Credit scoring with EarlyStopping on val_auc.

Wrong: mode="min" for an AUC: every better epoch counts as worse, so training stops after three of 40 epochs with the
loss still falling, and restore_best_weights brings back the worst weights, those of the first epoch.
In the author's words: EarlyStopping watches in the wrong direction.
Expected: unfinished-training
"""
import keras
from keras import layers
from keras.callbacks import EarlyStopping
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def run(callbacks):
    keras.utils.set_random_seed(55)
    X, y = make_classification(n_samples=2400, n_features=18, n_informative=9, n_clusters_per_class=3, weights=[0.7],
                               class_sep=1.1, flip_y=0.02, random_state=55)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, stratify=y, random_state=1)
    scaler = StandardScaler().fit(X_train)

    inputs = keras.Input((18,))
    x = layers.Dense(48, activation="relu")(inputs)
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(24, activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(4e-4), "binary_crossentropy", metrics=[keras.metrics.AUC(name="auc")])

    stopper = EarlyStopping(monitor="val_auc", mode="min", patience=2, restore_best_weights=True, verbose=1)
    model.fit(scaler.transform(X_train), y_train, epochs=40, batch_size=32,
              validation_data=(scaler.transform(X_val), y_val), callbacks=[*callbacks, stopper], verbose=0)
    print(model.evaluate(scaler.transform(X_val), y_val, callbacks=callbacks, verbose=0))
