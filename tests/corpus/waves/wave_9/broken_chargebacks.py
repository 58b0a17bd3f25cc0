"""Spots card payments that end in a chargeback (4 % of them), with class weights against the imbalance.

Wrong: the weight of a class is its share of the data (0.96 for the common one, 0.04 for the rare one) in place of the inverse; the
rare class hardly counts, and the model calls everything a good payment: accuracy 0.96, recall 0.
Expected: ineffective-weights
"""
import numpy as np
import pandas as pd
import keras
from keras import layers
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import QuantileTransformer


def payments(n=9000):
    x, y = make_classification(n, n_features=18, n_informative=9, n_redundant=3, weights=[0.96], class_sep=0.9, flip_y=0.004,
                               n_clusters_per_class=2, random_state=90)
    x[:, :4] = np.exp(x[:, :4])
    return pd.DataFrame(x, columns=[f"v{i}" for i in range(18)]).assign(chargeback=y)


def residual(x, units):
    h = layers.LayerNormalization()(x)
    h = layers.Dense(units, activation="relu")(h)
    h = layers.Dropout(0.1)(h)
    return layers.add([x, layers.Dense(x.shape[-1])(h)])


def run(callbacks):
    keras.utils.set_random_seed(50)
    frame = payments()
    y = frame.pop("chargeback")
    x_train, x_val, y_train, y_val = train_test_split(frame, y, test_size=0.25, stratify=y, random_state=2)
    spread = QuantileTransformer(output_distribution="normal", n_quantiles=500).fit(x_train)
    x_train, x_val = spread.transform(x_train), spread.transform(x_val)

    weights = y_train.value_counts(normalize=True).to_dict()

    inp = keras.Input((18,))
    h = layers.Dense(48)(inp)
    h = residual(h, 64)
    h = residual(h, 64)
    out = layers.Dense(1, activation="sigmoid")(layers.Activation("relu")(h))
    model = keras.Model(inp, out)
    model.compile(optimizer=keras.optimizers.Adam(5e-4), loss="binary_crossentropy",
                  metrics=["accuracy", keras.metrics.Recall(name="recall"), keras.metrics.Precision(name="precision")])
    return model.fit(x_train, y_train.to_numpy(), batch_size=128, epochs=8, class_weight=weights,
                     validation_data=(x_val, y_val.to_numpy()), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
