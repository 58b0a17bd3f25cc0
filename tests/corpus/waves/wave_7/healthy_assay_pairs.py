"""Wine cultivars with batches of two samples: tiny batches, LayerNormalization and a low momentum-SGD rate on purpose."""
import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


def run(callbacks):
    keras.utils.set_random_seed(1)
    data = load_wine()
    x_train, x_test, y_train, y_test = train_test_split(
        data.data, data.target, test_size=0.3, stratify=data.target, random_state=4)
    scaler = StandardScaler().fit(x_train)
    x_train, x_test = scaler.transform(x_train).astype("float32"), scaler.transform(x_test).astype("float32")

    model = keras.Sequential([
        layers.Input((13,)),
        layers.Dense(16),
        layers.LayerNormalization(),
        layers.Activation("silu"),
        layers.Dense(3, activation="softmax"),
    ])
    model.compile(optimizer=keras.optimizers.SGD(2e-3, momentum=0.9),
                  loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model.fit(x_train, y_train, validation_data=(x_test, y_test), batch_size=2, epochs=12,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["val_accuracy"])
