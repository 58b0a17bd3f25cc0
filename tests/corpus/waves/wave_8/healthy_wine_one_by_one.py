"""Learns the cultivar of a wine one bottle at a time (batch size 1), as the bottling line delivers them, with plain SGD."""
import keras
from keras import layers
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split


def run(callbacks):
    keras.utils.set_random_seed(2)
    X, y = load_wine(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=4)

    scale = layers.Normalization()
    scale.adapt(X_train)

    model = keras.Sequential([
        keras.Input((13,)),
        scale,
        layers.Dense(12, activation="tanh"),
        layers.Dense(3),
    ])
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(X_train, y_train, batch_size=1, epochs=15, validation_data=(X_test, y_test),
                        callbacks=callbacks, verbose=2)
    print("test:", model.evaluate(X_test, y_test, verbose=0))
    return history


if __name__ == "__main__":
    run([])
