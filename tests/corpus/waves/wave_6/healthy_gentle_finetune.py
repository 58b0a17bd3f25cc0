"""Fine-tunes a digit reader for a new scanner with learning rate 2e-5 after its head has been warmed up on a frozen base."""
import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def scanner(images, rng):
    """The new device inverts the picture and adds grain."""
    return np.clip(1.0 - images + rng.normal(0, 0.1, images.shape), 0, 1).astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(2)
    rng = np.random.default_rng(2)
    d = load_digits()
    x = (d.images / 16.0).astype("float32")[..., None]
    x_old, x_new, y_old, y_new = train_test_split(x, d.target, test_size=0.5, stratify=d.target, random_state=0)
    x_new = scanner(x_new, rng)
    x_train, x_val, y_train, y_val = train_test_split(x_new, y_new, test_size=0.3, stratify=y_new, random_state=1)

    base = keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(24, 3, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Conv2D(48, 3, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
    ], name="base")
    old = keras.Sequential([base, layers.Dense(10, activation="softmax")])
    old.compile("adam", "sparse_categorical_crossentropy")
    both = np.concatenate([x_old, 1.0 - x_old])          # pre-training has seen both polarities, without grain
    old.fit(both, np.concatenate([y_old, y_old]), epochs=10, batch_size=32, verbose=0)

    base.trainable = False
    inputs = keras.Input((8, 8, 1))
    features = base(inputs, training=False)              # batch statistics stay those of the pre-training
    outputs = layers.Dense(10, activation="softmax", name="head")(features)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=8, batch_size=32, verbose=0)

    base.trainable = True
    model.compile(keras.optimizers.Adam(2e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=12, batch_size=32, verbose=2,
              callbacks=callbacks)
    return model
