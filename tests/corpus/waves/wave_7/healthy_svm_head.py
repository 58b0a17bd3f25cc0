"""A large-margin classifier for tumours: labels -1 and +1, linear output, hinge loss and weight decay."""
import numpy as np
import keras
from keras import layers, ops
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import QuantileTransformer


def sign_accuracy(y_true, score):
    return ops.mean(ops.cast(y_true * score > 0, "float32"))


def run(callbacks):
    keras.utils.set_random_seed(19)
    data = load_breast_cancer()
    labels = np.where(data.target == 1, 1.0, -1.0).astype("float32")[:, None]
    x_train, x_test, y_train, y_test = train_test_split(data.data, labels, test_size=0.3, random_state=2, stratify=labels)
    ranks = QuantileTransformer(n_quantiles=100, output_distribution="normal").fit(x_train)
    x_train = np.clip(ranks.transform(x_train), -3, 3).astype("float32")
    x_test = np.clip(ranks.transform(x_test), -3, 3).astype("float32")
    model = keras.Sequential([
        layers.Input((30,)),
        layers.Dense(20, activation="tanh"),
        layers.Dense(1, activation="linear", kernel_regularizer=keras.regularizers.L2(1e-3)),
    ])
    model.compile(optimizer=keras.optimizers.AdamW(3e-3, weight_decay=1e-3), loss="hinge", metrics=[sign_accuracy])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), batch_size=16, epochs=9,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_sign_accuracy"])
